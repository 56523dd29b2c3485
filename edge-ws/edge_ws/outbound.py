"""The way out of one socket: straight to the wire while it flows, a bounded queue while not."""

import asyncio
import time
from collections import deque
from typing import Protocol

MAX_QUEUED_BYTES = 256 * 1024
MAX_QUEUED_FRAMES = 1_000
STALL_SECONDS = 5.0


class Wire(Protocol):
    """A socket below the frames."""

    @property
    def flows(self) -> bool:
        """Whether the transport takes more without piling it up."""
        ...

    def write(self, frame: bytes) -> None:
        """Send a whole frame; does nothing once the socket is closing."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Send a close frame; cut the connection if the peer does not answer it in time."""
        ...


class Outbound:
    """Frames leave in the order they were pushed; nothing is ever left out in between.

    An idle socket has no queue and no task: the transport's own flow control drives it.
    """

    __slots__ = ("_bytes", "_drained", "_moved_at", "_queue", "_wire")

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._queue: deque[bytes] | None = None
        self._bytes = 0
        self._moved_at = 0.0
        self._drained: asyncio.Future[None] | None = None

    @property
    def empty(self) -> bool:
        """Whether everything pushed so far has left."""
        return self._queue is None

    def push(self, frame: bytes) -> bool:
        """Send the frame or queue it; False when the reader is too slow for the queue."""
        if self._queue is None:
            if self._wire.flows:
                self._wire.write(frame)
                return True
            self._queue = deque()
            self._moved_at = time.monotonic()
        if self._bytes + len(frame) > MAX_QUEUED_BYTES or len(self._queue) >= MAX_QUEUED_FRAMES:
            return False
        self._queue.append(frame)
        self._bytes += len(frame)
        return True

    def flush(self) -> None:
        """Send what is queued, as far as the wire takes it."""
        queue = self._queue
        if queue is None:
            return
        self._moved_at = time.monotonic()
        while queue and self._wire.flows:
            frame = queue.popleft()
            self._bytes -= len(frame)
            self._wire.write(frame)
        if not queue:
            self.discard()

    def discard(self) -> None:
        """Forget what is queued."""
        self._queue = None
        self._bytes = 0
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._drained = None

    def stalled(self, now: float) -> bool:
        """Whether frames have been waiting too long without any leaving."""
        return self._queue is not None and now - self._moved_at >= STALL_SECONDS

    async def drained(self) -> None:
        """Wait until nothing is queued, or all of it was discarded."""
        if self._queue is None:
            return
        if self._drained is None:
            self._drained = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._drained)
