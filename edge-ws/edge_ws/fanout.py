"""Who gets what: conversations, and the sockets that joined them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edge_ws.framing import text_frame
from runtime import metrics
from schemas.events.chat import SenderKind

if TYPE_CHECKING:
    from edge_ws.connection import Connection


class Fanout:
    """Keys are the record keys of conversations, so that nothing has to be parsed on the way."""

    def __init__(self) -> None:
        self._members: dict[bytes, set[Connection]] = {}

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

    def drop(self, connection: "Connection") -> None:
        """Forget a closed socket."""
        for key in connection.joined:
            self._forget(key, connection)
        connection.joined.clear()

    def deliver(self, key: bytes, payload: bytes) -> int:
        """Push an event to everyone in its conversation; return how many that were."""
        members = self._members.get(key)
        if members is None:
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
        members = self._members[key]
        members.discard(connection)
        if not members:
            del self._members[key]
            metrics.active_conversations.dec()
