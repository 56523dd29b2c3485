"""One signed-in or not yet signed-in socket: what is known of it, and the way out of it."""

import asyncio
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING
from uuid import uuid4

from edge_ws.outbound import Outbound, Wire
from runtime import metrics
from schemas.frames.codes import CloseCode
from schemas.frames.server import ConnectedUser

if TYPE_CHECKING:
    from collections import deque
    from uuid import UUID

    from schemas.events.chat import SenderKind
    from schemas.frames.client import AnyFrame


class Session:
    """Whom a socket is signed in as, since when and until when (seconds since 1970)."""

    __slots__ = ("expires_at", "id", "issued_at", "user")

    def __init__(
        self,
        user: ConnectedUser,
        expires_at: float,
        session_id: "UUID | None" = None,
        issued_at: float | None = None,
    ) -> None:
        self.user = user
        self.expires_at = expires_at
        self.id = session_id
        """None with tokens of older gateways."""
        self.issued_at = issued_at


class Connection:
    """A socket's state; there are thousands, so it is slotted and holds no task while idle."""

    __slots__ = (
        "address",
        "closing",
        "id",
        "idle",
        "in_flight",
        "joined",
        "known_epoch",
        "known_positions",
        "opened_at",
        "outbound",
        "session",
        "waiting",
        "wire",
        "working",
    )

    def __init__(self, wire: Wire) -> None:
        self.id: UUID = uuid4()
        self.wire = wire
        self.outbound = Outbound(wire)
        self.opened_at = time.monotonic()
        self.session: Session | None = None
        self.known_epoch: str | None = None
        """The history that the client's positions belong to, when it said so."""
        self.known_positions: tuple[str, ...] = ()
        """Where the client stopped reading before it connected, when it said so."""
        self.joined: dict[bytes, SenderKind] = {}
        """Conversation keys, and what this user is in each."""
        self.in_flight = 0
        """Publishes not answered yet."""
        self.waiting: deque[AnyFrame] | None = None
        """Frames behind one that has to wait for something; None when none does."""
        self.working: asyncio.Task[None] | None = None
        self.closing = False
        self.address: str | None = None
        """Where it comes from, by the name under which it is counted; None when it is not."""
        self.idle = False
        """The device was left alone."""

    def push(self, frame: bytes) -> None:
        """Send a frame; a reader too slow for its queue is sent away to resume."""
        if not self.closing and not self.outbound.push(frame):
            self.close(CloseCode.SLOW_READER, "reads too slowly")

    def close(self, code: CloseCode, reason: str) -> None:
        """Send a close frame instead of whatever is queued."""
        if self.closing:
            return
        self.closing = True
        metrics.sockets_closed.labels(str(code.value)).inc()
        self.outbound.discard()
        self.wire.close(code, reason)

    def work(self, waiting: Coroutine[object, object, None]) -> None:
        """Wait for something on behalf of this socket, and no longer than it lives."""
        self.working = asyncio.create_task(waiting)

    def gone(self) -> None:
        """Let go of everything; the socket is closed."""
        self.closing = True
        self.outbound.discard()
        if self.working is not None:
            self.working.cancel()
