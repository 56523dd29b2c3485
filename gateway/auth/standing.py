"""Whether the session behind an access token still stands: a token alone cannot know."""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

from runtime.errors import RetryableError
from runtime.tokens import InvalidTokenError
from schemas.claims import AccessClaims

TRUST_SECONDS = 2.0
"""How long an answer holds: what another gateway revoked is refused here this much later."""
MAX_REMEMBERED = 50_000

_Value = TypeVar("_Value")


class Sessions(Protocol):
    """Knows which sessions stand; raises RetryableError when it is away."""

    async def stands(self, user_id: UUID, session_id: UUID | None) -> bool:
        """Whether this session of an active account has not ended.

        Without a session (a token of an older gateway): whether the account is not switched off.
        """
        ...


class _Good(NamedTuple):
    """Until when (monotonic seconds) an answer holds, and until when it does without the store."""

    fresh: float
    known: float


class Standing:
    """Asks the store once in a while per session, and hears of this process's own revocations."""

    def __init__(
        self,
        sessions: Sessions,
        token_lifetime: timedelta,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sessions = sessions
        self._lifetime = token_lifetime.total_seconds()
        self._monotonic = monotonic
        self._good: OrderedDict[UUID, _Good] = OrderedDict()
        self._ended: OrderedDict[UUID, None] = OrderedDict()

    async def require(self, claims: AccessClaims) -> None:
        """Return when the token's session stands.

        While the store is away nothing can be revoked there either, so who was good a moment ago
        stays good for as long as a token lives; who was never seen has to wait.

        Raises:
            InvalidTokenError: it has ended.
            RetryableError: the store is away.
        """
        key = claims.sid or claims.sub
        now = self._monotonic()
        good = self._good.get(key)
        if key in self._ended:
            raise _ended()
        if good is not None and now < good.fresh:
            return
        known = now + self._lifetime
        try:
            stands = await self._sessions.stands(claims.sub, claims.sid)
        except RetryableError:
            if good is None or now >= good.known:
                raise
            stands, known = True, good.known
        if not stands or key in self._ended:
            self._good.pop(key, None)
            raise _ended()
        _put(self._good, key, _Good(self._monotonic() + TRUST_SECONDS, known))

    def end(self, session_ids: Iterable[UUID]) -> None:
        """Refuse these sessions from now on, whatever was known of them."""
        for session_id in session_ids:
            _put(self._ended, session_id, None)

    def forget(self, user_id: UUID) -> None:
        """Ask again about tokens of this user that name no session."""
        self._good.pop(user_id, None)


def _ended() -> InvalidTokenError:
    return InvalidTokenError("the session has ended")


def _put(kept: OrderedDict[UUID, _Value], key: UUID, value: _Value) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > MAX_REMEMBERED:
        kept.popitem(last=False)
