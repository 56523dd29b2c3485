"""Who gets what: conversations and the sockets that joined them, people and their sockets."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from edge_ws.framing import text_frame
from runtime import metrics
from schemas.events.chat import SenderKind

if TYPE_CHECKING:
    from edge_ws.connection import Connection


class Fanout:
    """Keys are the record keys of conversations, so that nothing has to be parsed on the way."""

    def __init__(self) -> None:
        self._members: dict[bytes, set[Connection]] = {}
        self._of_user: dict[UUID, set[Connection]] = {}

    def signed_in(self, user_id: UUID, connection: "Connection") -> None:
        """Tell this socket of conversations that its user starts from now on."""
        self._of_user.setdefault(user_id, set()).add(connection)

    def join(self, key: bytes, connection: "Connection", kind: SenderKind) -> None:
        """Send this conversation's events to this socket from now on."""
        connection.joined[key] = kind
        members = self._members.get(key)
        if members is None:
            members = self._members[key] = set()
            metrics.active_conversations.inc()
        members.add(connection)

    def leave(self, key: bytes, connection: "Connection") -> None:
        """Stop sending this conversation's events to this socket."""
        if connection.joined.pop(key, None) is not None:
            self._forget(key, connection)

    def dismiss(self, key: bytes) -> None:
        """Stop sending this conversation's events to anybody."""
        for connection in tuple(self._members.get(key, _NOBODY)):
            self.leave(key, connection)

    def drop(self, connection: "Connection") -> None:
        """Forget a closed socket."""
        for key in connection.joined:
            self._forget(key, connection)
        connection.joined.clear()
        if connection.session is not None:
            _remove(self._of_user, connection.session.user.id, connection)

    def deliver(self, key: bytes, payload: bytes, owner_id: UUID | None = None) -> int:
        """Push an event to everyone in its conversation; return how many that were.

        Where an owner is named, to all of their sockets too: they cannot have joined yet.
        """
        members: AbstractSet[Connection] = self._members.get(key, _NOBODY)
        if owner_id is not None:
            members = members | self._of_user.get(owner_id, _NOBODY)
        if not members:
            return 0
        frame = text_frame(payload)
        for connection in members:
            connection.push(frame)
        return len(members)

    def memberships(self) -> Iterator[tuple[bytes, "Connection"]]:
        """Return every conversation with every socket in it."""
        for key, members in self._members.items():
            for connection in members:
                yield key, connection

    def _forget(self, key: bytes, connection: "Connection") -> None:
        if _remove(self._members, key, connection):
            metrics.active_conversations.dec()


_NOBODY: AbstractSet["Connection"] = frozenset()
_Key = TypeVar("_Key")


def _remove(sets: dict[_Key, set["Connection"]], key: _Key, connection: "Connection") -> bool:
    """Return whether this was the last one under its key."""
    members = sets.get(key, set())
    members.discard(connection)
    return not members and sets.pop(key, None) is not None
