"""Who may have one more socket: not those whose access ended, and not without end."""

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from runtime.addresses import address_name, is_loopback
from schemas.frames.codes import CloseCode

if TYPE_CHECKING:
    from uuid import UUID

    from edge_ws.connection import Session
    from edge_ws.revocations import Revocations
    from edge_ws.settings import LimitSettings

_Key = TypeVar("_Key")


class Refused(NamedTuple):
    """Why a socket is closed."""

    code: CloseCode
    reason: str


class Admission:
    """Counts sockets per address and per user; every `come` is followed by one `go`.

    The newest is refused: those that are open are somebody's who is at work.
    """

    def __init__(self, revocations: "Revocations", limits: "LimitSettings") -> None:
        self._revocations = revocations
        self._per_user = limits.connections_per_user
        self._per_address = limits.connections_per_address
        self._addresses: Counter[str] = Counter()
        self._users: Counter[UUID] = Counter()

    def come(self, host: str | None) -> Refused | None:
        """Count a new socket; say why it cannot stay, if it cannot.

        This machine's own addresses are not limited: they are those of programs that run here.
        """
        name = address_name(host)
        self._addresses[name] += 1
        if self._addresses[name] > self._per_address and not is_loopback(host):
            return Refused(CloseCode.TOO_MANY_CONNECTIONS, "too many connections from this address")
        return None

    def sign_in(self, session: "Session") -> Refused | None:
        """Count a socket for its user; say why it is not let in, if it is not."""
        if not self._revocations.complete:
            return Refused(CloseCode.SERVER_ERROR, "cannot sign in now")
        if self._revocations.refuses(session):
            return Refused(CloseCode.ACCESS_REVOKED, "access was revoked")
        user = session.user.id
        if self._users[user] >= self._per_user:
            return Refused(CloseCode.TOO_MANY_CONNECTIONS, "too many connections of this user")
        self._users[user] += 1
        return None

    def go(self, host: str | None, session: "Session | None") -> None:
        """Count a closed socket out."""
        _less(self._addresses, address_name(host))
        if session is not None:
            _less(self._users, session.user.id)


def _less(counts: Counter[_Key], key: _Key) -> None:
    counts[key] -= 1
    if counts[key] <= 0:
        del counts[key]
