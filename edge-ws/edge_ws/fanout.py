"""Who gets what: conversations and the sockets that joined them, people and their sockets."""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from edge_ws.framing import text_frame, without_position
from runtime import metrics
from schemas.claims import AGENT_ROLES
from schemas.events.chat import SenderKind

if TYPE_CHECKING:
    from edge_ws.connection import Connection


class Fanout:
    """Keys are the record keys of conversations, so that nothing has to be parsed on the way."""

    def __init__(self) -> None:
        self._members: dict[bytes, set[Connection]] = {}
        self._of_user: dict[UUID, set[Connection]] = {}
        self._desk: set[Connection] = set()
        """Sockets of people who may answer in conversations of others."""

    def signed_in(self, user_id: UUID, connection: "Connection") -> None:
        """Tell this socket of conversations that its user starts from now on.

        An agent's is told of every hand-over too, and of who joins.
        """
        self._of_user.setdefault(user_id, set()).add(connection)
        if connection.session is not None and connection.session.user.role in AGENT_ROLES:
            self._desk.add(connection)

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
        self._desk.discard(connection)

    def deliver(
        self, key: bytes, payload: bytes, owner_id: UUID | None = None, *, desk: bool = False
    ) -> int:
        """Push an event to everyone in its conversation; return how many that were.

        Where an owner is named, to all of their sockets too: they cannot have joined yet.
        What is for the desk goes to every agent's socket, without its position to those who
        have not joined.
        """
        told = self._tell_desk(key, payload) if desk else 0
        members: AbstractSet[Connection] = self._members.get(key, _NOBODY)
        if owner_id is not None:
            members = members | self._of_user.get(owner_id, _NOBODY)
        if not members:
            return told
        frame = text_frame(payload)
        for connection in members:
            connection.push(frame)
        return len(members) + told

    def _tell_desk(self, key: bytes, payload: bytes) -> int:
        others = self._desk - self._members.get(key, _NOBODY)
        if others:
            frame = text_frame(without_position(payload))
            for connection in others:
                connection.push(frame)
        return len(others)

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
