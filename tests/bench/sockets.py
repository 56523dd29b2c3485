"""Plain sockets with as little client around them as measuring allows."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Self
from uuid import UUID, uuid4

import orjson
from websockets.asyncio.client import ClientConnection, connect

from schemas import ids
from schemas.frames.codes import SUBPROTOCOL

Frame = dict[str, Any]
Arrival = Callable[["BenchSocket", Frame, float], None]
"""Called with the socket, a frame and the wall clock's seconds at which it arrived."""


class BenchSocket:
    """One signed-in socket, with a conversation of its own when asked for."""

    def __init__(self, connection: ClientConnection, on_frame: Arrival | None) -> None:
        self._connection = connection
        self._on_frame = on_frame
        self._reader: asyncio.Task[None] | None = None
        self.user_id = UUID(int=0)
        self.conversation_id = UUID(int=0)

    @classmethod
    async def open(cls, url: str, token: str, on_frame: Arrival | None = None) -> Self:
        """Connect and sign in."""
        connection = await connect(
            url,
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item]  # a NewType of str
            compression=None,
            ping_interval=None,
            max_queue=None,
            proxy=None,
        )
        await connection.send(orjson.dumps({"type": "connect", "token": token}).decode())
        socket = cls(connection, on_frame)
        socket.user_id = UUID((await socket._expect("connected"))["user"]["id"])
        return socket

    async def start_conversation(self) -> None:
        """Open a conversation and begin to hand every frame to the callback."""
        await self._send(
            {"type": "conversation:start", "ref": "s", "client_conversation_id": str(uuid4())}
        )
        self.conversation_id = UUID((await self._expect("ack"))["conversation_id"])
        self._reader = asyncio.create_task(self._read())

    def message_id(self, client_id: UUID) -> UUID:
        """Return the id that a message under this client id will have."""
        return ids.message_id(self.user_id, self.conversation_id, client_id)

    async def say(self, text: str, client_id: UUID) -> None:
        """Send a message under this client id without waiting for anything."""
        await self._send(
            {
                "type": "message",
                "ref": str(client_id),
                "conversation_id": str(self.conversation_id),
                "client_message_id": str(client_id),
                "text": text,
            }
        )

    async def close(self) -> None:
        """Close the socket and wait for its reader."""
        await self._connection.close()
        if self._reader is not None:
            await self._reader

    async def _send(self, frame: Frame) -> None:
        await self._connection.send(orjson.dumps(frame).decode())

    async def _expect(self, kind: str) -> Frame:
        while True:
            frame: Frame = orjson.loads(await asyncio.wait_for(self._connection.recv(), 20))
            if frame["type"] == kind:
                return frame

    async def _read(self) -> None:
        async for text in self._connection:
            now = time.time()
            if self._on_frame is not None:
                self._on_frame(self, orjson.loads(text), now)


async def open_many(
    url: str, tokens: Sequence[str], on_frame: Arrival | None = None, *, talk: bool
) -> list[BenchSocket]:
    """Open a socket per token, fifty at a time; with `talk`, each starts a conversation."""
    gate = asyncio.Semaphore(50)

    async def one(token: str) -> BenchSocket:
        async with gate:
            socket = await BenchSocket.open(url, token, on_frame)
            if talk:
                await socket.start_conversation()
            return socket

    return list(await asyncio.gather(*(one(token) for token in tokens)))


async def close_many(sockets: Sequence[BenchSocket]) -> None:
    """Close them all."""
    await asyncio.gather(*(socket.close() for socket in sockets))
