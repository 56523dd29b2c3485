"""The client's side of RFC 6455, as bare as measuring allows: it shares the stack's processors."""

import asyncio
import base64
import os
from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit

from schemas.frames.codes import SUBPROTOCOL

_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_FINAL, _MASKED = 0x80, 0x80
_ONE_BYTE, _TWO_BYTES = 126, 127
# A mask of zeros is a mask, and leaves the payload as it is.
_NO_MASK = bytes(4)


class BareWebSocket(asyncio.Protocol):
    """Sends texts and hands over texts; knows no fragments, because the edge sends none."""

    def __init__(self, url: str, on_text: Callable[[bytes], None]) -> None:
        self._url = urlsplit(url)
        self.on_text = on_text
        self.closed = asyncio.get_running_loop().create_future()
        self.opened = asyncio.get_running_loop().create_future()
        self._transport: asyncio.Transport | None = None
        self._buffer = b""

    @classmethod
    async def open(cls, url: str, on_text: Callable[[bytes], None]) -> "BareWebSocket":
        """Connect and shake hands.

        Raises:
            ConnectionError: the server did not switch protocols.
        """
        where = urlsplit(url)
        _, socket = await asyncio.get_running_loop().create_connection(
            lambda: cls(url, on_text), where.hostname or "", where.port or 80
        )
        await asyncio.wait_for(asyncio.shield(socket.opened), 20)
        return socket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET {self._url.path} HTTP/1.1\r\nHost: {self._url.netloc}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n".encode()
        )

    def data_received(self, data: bytes) -> None:
        """Take what came apart."""
        buffer = self._buffer + data if self._buffer else data
        if not self.opened.done():
            head, end, buffer = buffer.partition(b"\r\n\r\n")
            if not end:
                self._buffer = head
                return
            self._answered(head)
        self._buffer = buffer[self._take(buffer) :]

    def connection_lost(self, error: Exception | None) -> None:
        """Tell whoever waits."""
        if not self.opened.done():
            self.opened.set_exception(error or ConnectionError("closed before it was open"))
        if not self.closed.done():
            self.closed.set_result(None)

    def send(self, text: bytes) -> None:
        """Send one text frame."""
        self._send(_TEXT, text)

    async def close(self) -> None:
        """Close and wait for the end."""
        self._send(_CLOSE, (1000).to_bytes(2, "big"))
        try:
            await asyncio.wait_for(asyncio.shield(self.closed), 5)
        except TimeoutError:
            if self._transport is not None:
                self._transport.abort()

    def _answered(self, head: bytes) -> None:
        if head.startswith(b"HTTP/1.1 101"):
            self.opened.set_result(None)
        else:
            status = head.split(b"\r\n", 1)[0].decode(errors="replace")
            self.opened.set_exception(ConnectionError(status))

    def _take(self, buffer: bytes) -> int:
        """Hand over every whole frame; return how many bytes they were."""
        at = 0
        while len(buffer) - at >= 2:
            size, start = buffer[at + 1], at + 2
            if size >= _ONE_BYTE:
                wide = 2 if size < _TWO_BYTES else 8
                size, start = int.from_bytes(buffer[start : start + wide], "big"), start + wide
            if len(buffer) < start + size:
                break
            self._frame(buffer[at] & 0x0F, buffer[start : start + size])
            at = start + size
        return at

    def _frame(self, kind: int, payload: bytes) -> None:
        if kind == _TEXT:
            self.on_text(payload)
        elif kind == _PING:
            self._send(_PONG, payload)
        elif kind == _CLOSE and self._transport is not None:
            self._send(_CLOSE, payload[:2])
            self._transport.close()

    def _send(self, kind: int, payload: bytes) -> None:
        size = len(payload)
        if self._transport is None or self._transport.is_closing():
            return
        if size < _ONE_BYTE:
            head = bytes((_FINAL | kind, _MASKED | size))
        else:
            head = bytes((_FINAL | kind, _MASKED | _ONE_BYTE)) + size.to_bytes(2, "big")
        self._transport.write(head + _NO_MASK + payload)
