"""How soon after its accept the first piece of a written answer is there, one after the other."""

import asyncio
from uuid import uuid4

from tests.bench.sockets import BenchSocket, Frame
from tests.bench.stack import BenchError, MeasuredStack
from tests.bench.writing_questions import QUESTIONS

PATIENCE_SECONDS = 60.0
REST_SECONDS = 0.5
"""Between two questions, so that the machine is otherwise idle."""


class _Asked:
    """One question, on its way from accept to answer."""

    def __init__(self) -> None:
        self.accepted: float | None = None
        self.first_piece: float | None = None
        self.answered = asyncio.Event()

    def on_frame(self, frame: Frame, now: float) -> None:
        """Note when it was accepted, began to be answered and was answered."""
        kind = frame["type"]
        if kind == "ack" and frame["status"] == "accepted":
            self.accepted = now
        elif kind == "reply:delta" and self.first_piece is None:
            self.first_piece = now
        elif kind == "reply":
            self.answered.set()


async def first_pieces(stack: MeasuredStack, tokens: list[str]) -> list[float]:
    """
    Ask every question in a conversation of its own; return seconds from accept to first piece.

    Raises:
        BenchError: the stack has no language model, or one question was not answered by it.
    """
    found = []
    for text, token in zip(QUESTIONS, tokens, strict=True):
        asked = _Asked()
        socket = await BenchSocket.open(stack.socket_url, token)
        await socket.start_conversation(asked.on_frame)
        await asyncio.sleep(REST_SECONDS)
        socket.say(text, uuid4())
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asked.answered.wait()
        await socket.close()
        if asked.accepted is None or asked.first_piece is None:
            raise BenchError("no answer was written: start with PARLEY_LANGUAGE_MODEL__KIND=demo")
        found.append(asked.first_piece - asked.accepted)
    return found
