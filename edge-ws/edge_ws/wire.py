"""uvicorn's socket with what ASGI has no words for: flow control, ready frames, a hard end."""

import contextlib
from collections.abc import Callable
from typing import cast

from uvicorn._types import WebSocketScope
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.exceptions import InvalidState

from schemas.frames.codes import CloseCode

CLOSE_SECONDS = 5.0
"""How long a peer may take to answer a close frame before its connection is cut."""
SLOW_CLOSE_SECONDS = 30.0
"""The same for a slow reader, who has to read what is before the close frame first."""
LINGER_SECONDS = 1.0
"""How long a refused sender is read on, so that a reset does not eat the close frame."""

_EXTENSION = "parley.wire"


class EdgeProtocol(WebSocketsSansIOProtocol):
    """One socket; the application finds it in the scope by `wire_of`."""

    on_flow: Callable[[], None] | None = None
    _refused = False

    async def run_asgi(self) -> None:
        """Run the application, which finds this wire in its scope."""
        extensions = cast("dict[str, object]", self.scope["extensions"])
        extensions[_EXTENSION] = self
        await super().run_asgi()
        self.on_flow = None

    @property
    def flows(self) -> bool:
        """Whether the transport is below its high-water mark."""
        return self.writable.is_set()

    def resume_writing(self) -> None:
        """Send on what waited for the transport."""
        super().resume_writing()
        if self.on_flow is not None:
            self.on_flow()

    def write(self, frame: bytes) -> None:
        """Send a whole frame as it is, unless the socket is closing."""
        if not self.close_sent and not self.transport.is_closing():
            self.transport.write(frame)

    def close(self, code: int, reason: str) -> None:
        """Start the closing handshake; cut the connection when it is not answered."""
        if self.close_sent or self.transport.is_closing():
            return
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        with contextlib.suppress(InvalidState):
            self.conn.send_close(code, reason)
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        self._read_on()
        patience = SLOW_CLOSE_SECONDS if code == CloseCode.SLOW_READER else CLOSE_SECONDS
        self.close_timer = self.loop.call_later(patience, self.transport.abort)

    def forget_handshake(self) -> None:
        """Let go of the request, which an idle socket would keep for as long as it lives."""
        self.request.headers.clear()
        self.response.headers.clear()
        cast("dict[str, object]", self.scope).clear()

    def data_received(self, data: bytes) -> None:
        """Read, unless what came before was already refused."""
        if not self._refused:
            super().data_received(data)

    def handle_parser_exception(self) -> None:
        """Refuse a broken or too large frame with its close code, and let the sender read it."""
        closing = self.conn.close_sent
        if closing is None:
            self.transport.abort()
            return
        self._refused = True
        self.queue.put_nowait(
            {"type": "websocket.disconnect", "code": closing.code, "reason": closing.reason}
        )
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.stop_keepalive()
        self._read_on()
        self.close_timer = self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def keepalive_timeout(self) -> None:
        """Cut a peer that answers no pings: closing gently would wait for it for ever."""
        closing = self.close_sent
        super().keepalive_timeout()
        if not closing:
            self.close_timer = self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def _read_on(self) -> None:
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()


def wire_of(scope: WebSocketScope) -> EdgeProtocol:
    """Return the socket that this scope belongs to."""
    return cast("EdgeProtocol", cast("dict[str, object]", scope["extensions"])[_EXTENSION])
