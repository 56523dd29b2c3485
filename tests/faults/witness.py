"""Somebody who notes each answer as it comes, without a client's patience."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from schemas.frames.codes import SUBPROTOCOL
from tests.people import TokenMint
from tests.stack import Stack

ANSWER_SECONDS = 5.5
"""The edge's deadline is 5 s; half a second for the way."""


class Witness:
    """A bare socket; `told` holds each answer and the seconds it took."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._conversation = ""
        self.told: list[tuple[str, float]] = []

    async def open(self, stack: Stack) -> None:
        """Sign in and start a conversation."""
        token = TokenMint(stack.folder.root).token()
        await self._socket.send(orjson.dumps({"type": "connect", "token": token}).decode())
        start = {"type": "conversation:start", "client_conversation_id": str(uuid4())}
        self._conversation = str((await self._asked(start))["conversation_id"])

    async def say(self) -> None:
        """Say something once and note what comes back."""
        began = time.monotonic()
        message = {
            "type": "message",
            "conversation_id": self._conversation,
            "client_message_id": str(uuid4()),
            "text": "hello",
        }
        ack = await self._asked(message)
        self.told.append((str(ack["status"]), time.monotonic() - began))

    @property
    def statuses(self) -> set[str]:
        """Everything that was ever answered."""
        return {status for status, _ in self.told}

    @property
    def slowest(self) -> float:
        """The longest that an answer took."""
        return max(took for _, took in self.told)

    async def _asked(self, frame: dict[str, Any]) -> dict[str, Any]:
        ref = uuid4().hex
        await self._socket.send(orjson.dumps({**frame, "ref": ref}).decode())
        while True:
            answer: dict[str, Any] = orjson.loads(await self._socket.recv())
            if answer.get("type") == "ack" and answer.get("ref") == ref:
                return answer


@asynccontextmanager
async def witness_of(stack: Stack) -> AsyncIterator[Witness]:
    """Give a witness who has a conversation."""
    async with connect(stack.socket_url, subprotocols=[Subprotocol(SUBPROTOCOL)]) as socket:
        witness = Witness(socket)
        await witness.open(stack)
        yield witness
