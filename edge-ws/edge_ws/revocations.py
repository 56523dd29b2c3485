"""Whose access has ended although their tokens have not expired."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from runtime.clock import server_seconds
from schemas.events.control import SessionRevoked, UserDisabled

if TYPE_CHECKING:
    from uuid import UUID

    from edge_ws.connection import Session

DRIFT = timedelta(minutes=1)
"""How far the clocks of two processes may be apart."""
BLIND_SECONDS = 30.0
"""For so long nothing may be heard of `control`: a broker that dies is back in less."""

_Key = TypeVar("_Key")


class Revocations:
    """Remembers each revocation until the last token that it hits has expired.

    While `complete` is False there may be one that has not been read yet: nobody is let in.
    """

    def __init__(
        self,
        token_lifetime: timedelta,
        *,
        now: Callable[[], float] = server_seconds,
        passed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._remembered = (token_lifetime + DRIFT).total_seconds()
        self._now = now
        self._passed = passed
        self._sessions: dict[UUID, float] = {}
        """Session ids, and until when to remember them (seconds since 1970); oldest first."""
        self._users: dict[UUID, tuple[float, float]] = {}
        """User ids: when they were switched off, and until when to remember it."""
        self.complete_at: float | None = None
        """Up to when (monotonic seconds) everything has been read; None before it first was."""

    @property
    def complete(self) -> bool:
        """Whether everything has been read but what is newer than `BLIND_SECONDS`."""
        return self.complete_at is not None and self._passed() - self.complete_at <= BLIND_SECONDS

    @property
    def since(self) -> float:
        """The oldest time (seconds since 1970) whose revocations still matter."""
        return self._now() - self._remembered

    def take(self, event: SessionRevoked | UserDisabled) -> None:
        """Remember a revocation; a repeat changes nothing."""
        # Counted from now, not from the event: safe whatever the clock of its writer says.
        until = self._now() + self._remembered
        if isinstance(event, SessionRevoked):
            _put_last(self._sessions, event.session_id, until)
        else:
            disabled_at = event.occurred_at.timestamp()
            before, _ = self._users.get(event.user_id, (0.0, 0.0))
            _put_last(self._users, event.user_id, (max(before, disabled_at), until))

    def refuses(self, session: "Session") -> bool:
        """Whether this session's access has ended.

        A switched-off user's sessions are revoked one by one; that the user was hits what was
        made before it, and any token that names no session, to the second as tokens are dated.
        """
        if session.id is not None and session.id in self._sessions:
            return True
        disabled = self._users.get(session.user.id)
        if disabled is None:
            return False
        second = int(disabled[0])
        if session.issued_at is None or session.issued_at < second:
            return True
        return session.id is None and session.issued_at == second

    def forget_old(self) -> None:
        """Drop what hits no token any more."""
        now = self._now()
        while self._sessions and next(iter(self._sessions.values())) <= now:
            del self._sessions[next(iter(self._sessions))]
        while self._users and next(iter(self._users.values()))[1] <= now:
            del self._users[next(iter(self._users))]

    def __len__(self) -> int:
        return len(self._sessions) + len(self._users)


_Value = TypeVar("_Value")


def _put_last(kept: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    kept.pop(key, None)
    kept[key] = value
