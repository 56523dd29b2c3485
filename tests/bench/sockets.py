"""Signed-in sockets of the load, each with a conversation of its own when it talks."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any, Self
from uuid import UUID, uuid4

import orjson

from schemas import ids
from tests.bench.wire import BareWebSocket

Frame = dict[str, Any]
Arrival = Callable[[Frame, float], None]
"""Called with a frame and the wall clock's seconds at which it arrived."""

_PATIENCE_SECONDS = 30


class BenchSocket:
    """One signed-in socket, with a conversation of its own when asked for."""

    def __init__(self) -> None:
        self._wire: BareWebSocket
        self._early: asyncio.Queue[Frame] = asyncio.Queue()
        self.user_id = UUID(int=0)
        self.conversation_id = UUID(int=0)

    @classmethod
    async def open(cls, url: str, token: str) -> Self:
        """Connect and sign in."""
        socket = cls()
        socket._wire = await BareWebSocket.open(
            url, lambda text: socket._early.put_nowait(orjson.loads(text))
        )
        socket._send({"type": "connect", "token": token})
        socket.user_id = UUID((await socket._expect("connected"))["user"]["id"])
        return socket

    async def start_conversation(self, on_frame: Arrival) -> None:
        """Open a conversation and begin to hand every frame to the callback."""
        self._send(
            {"type": "conversation:start", "ref": "s", "client_conversation_id": str(uuid4())}
        )
        self.conversation_id = UUID((await self._expect("ack"))["conversation_id"])
        self._wire.on_text = lambda text: on_frame(orjson.loads(text), time.time())

    def message_id(self, client_id: UUID) -> UUID:
        """Return the id that a message under this client id will have."""
        return ids.message_id(self.user_id, self.conversation_id, client_id)

    def say(self, text: str, client_id: UUID) -> None:
        """Send a message under this client id without waiting for anything."""
        self._send(
            {
                "type": "message",
                "ref": client_id,
                "conversation_id": self.conversation_id,
                "client_message_id": client_id,
                "text": text,
            }
        )

    async def close(self) -> None:
        """Close the socket."""
        await self._wire.close()

    def _send(self, frame: Frame) -> None:
        self._wire.send(orjson.dumps(frame))

    async def _expect(self, kind: str) -> Frame:
        while True:
            frame = await asyncio.wait_for(self._early.get(), _PATIENCE_SECONDS)
            if frame["type"] == kind:
                return frame


async def open_many(
    url: str, tokens: Sequence[str], on_frame: Arrival | None = None
) -> list[BenchSocket]:
    """Open a socket per token, fifty at a time; with `on_frame`, each starts a conversation."""
    gate = asyncio.Semaphore(50)

    async def one(token: str) -> BenchSocket:
        async with gate:
            socket = await BenchSocket.open(url, token)
            if on_frame is not None:
                await socket.start_conversation(on_frame)
            return socket

    return list(await asyncio.gather(*(one(token) for token in tokens)))


async def close_many(sockets: Sequence[BenchSocket]) -> None:
    """Close them all."""
    await asyncio.gather(*(socket.close() for socket in sockets))
