"""A TCP proxy that misbehaves on command: cut, reset, half-open, latency, slow drip."""

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass
from typing import Self

CHUNK = 64 * 1024
DRIP_BYTES = 64
DRIP_SECONDS = 0.02


@dataclass(eq=False)
class Link:
    """One client's connection and the one it stands for."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    half_open: bool = False
    """Swallows everything: both ends think that they are connected."""
    dripping: bool = False
    deaf: bool = False
    """What the server answers is swallowed; what the client says arrives."""
    halving: bool = False
    """Of what the client says next one half arrives, and then the connection is reset."""

    def cut(self) -> None:
        """Close both ends in an orderly way, in the middle of whatever they were saying."""
        for writer in (self.client, self.server):
            writer.close()

    def reset(self) -> None:
        """Close both ends with a TCP reset."""
        for writer in (self.client, self.server):
            raw = writer.get_extra_info("socket")
            if raw is not None and raw.fileno() >= 0:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()


class Proxy:
    """Stands before one server; use it as an async context manager."""

    def __init__(self, host: str, port: int, *, listen: int = 0) -> None:
        self._upstream = (host, port)
        self._listen = listen
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self.links: set[Link] = set()
        self.latency = 0.0
        """Seconds that everything is held back, in both directions."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._listen)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for link in tuple(self.links):
            link.reset()
        for serving in tuple(self._serving):
            serving.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """Where clients connect."""
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream, server = await asyncio.open_connection(*self._upstream)
        except OSError:
            writer.close()
            return
        link = Link(writer, server)
        self.links.add(link)
        try:
            async with asyncio.TaskGroup() as pumping:
                pumping.create_task(self._pump(link, reader, server))
                pumping.create_task(self._pump(link, upstream, writer))
        finally:
            self.links.discard(link)
            link.cut()

    async def _pump(
        self, link: Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        # An end that is gone ends the pump; the other pump ends with the close that follows.
        with contextlib.suppress(OSError):
            while data := await reader.read(CHUNK):
                if link.half_open or (link.deaf and writer is link.client):
                    continue
                if link.halving and writer is link.server:
                    writer.write(data[: len(data) // 2])
                    await writer.drain()
                    link.reset()
                    return
                await asyncio.sleep(self.latency)
                await _write(link, writer, data)
        writer.close()


async def _write(link: Link, writer: asyncio.StreamWriter, data: bytes) -> None:
    if not link.dripping:
        writer.write(data)
        await writer.drain()
        return
    for start in range(0, len(data), DRIP_BYTES):
        writer.write(data[start : start + DRIP_BYTES])
        await writer.drain()
        await asyncio.sleep(DRIP_SECONDS)
