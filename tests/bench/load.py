"""An open-loop load: messages leave on schedule whatever the answers do (no omitted waits)."""

import asyncio
import itertools
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

from tests.bench.sockets import BenchSocket, Frame

QUESTIONS = (
    "where is my order {n}?",
    "I want to return order {n}, it does not fit",
    "how long does delivery to Norway take?",
    "can I change the address of order {n}?",
    "my card was charged twice for order {n}",
    "hello there",
    "do you have gift cards?",
    "the headphones from order {n} stopped working after two days",
)


@dataclass(slots=True)
class Exchange:
    """One message and what came of it; wall clock seconds since 1970, None when it never came.

    `asked` is when the message was due, so that a late sender counts against the system.
    """

    asked: float
    acknowledged: float | None = None
    status: str | None = None
    stamped: float | None = None
    """The edge's clock on the question."""
    answered_at: float | None = None
    """The assistant's clock on the answer."""
    answered: float | None = None
    answers: int = 0
    declined: bool = False
    """Whether it was told that no answer will come, because its time had passed."""


@dataclass
class LoadRun:
    """A run's exchanges by client message id, and how long it took."""

    rate: float
    exchanges: dict[str, Exchange] = field(default_factory=dict)
    _by_message: dict[str, Exchange] = field(default_factory=dict)
    seconds: float = 0.0
    behind: int = 0
    """How many messages waited for their answer when the last one was sent."""
    catching_up: float = 0.0
    """Seconds from the last message to the last answer."""
    open: int = 0
    """How many messages still wait for their answer."""
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    def on_frame(self, frame: Frame, now: float) -> None:
        """Note an ack, an echo or an answer."""
        kind = frame["type"]
        if kind == "ack":
            exchange = self.exchanges[frame["ref"]]
            exchange.acknowledged, exchange.status = now, frame["status"]
            if frame["status"] in {"busy", "rejected"}:
                self._close_one()
        elif kind == "message":
            exchange = self.exchanges[frame["client_message_id"]]
            exchange.stamped = _seconds(frame["occurred_at"])
        elif kind == "reply":
            exchange = self._by_message[frame["in_reply_to"]]
            exchange.answers += 1
            if exchange.answers == 1:
                exchange.answered = now
                if not exchange.declined:
                    self._close_one()
            exchange.answered_at = _seconds(frame["occurred_at"])
        elif kind == "reply:failed":
            exchange = self._by_message[frame["in_reply_to"]]
            if not exchange.declined and not exchange.answers:
                exchange.declined = True
                self._close_one()

    async def drive(
        self, sockets: Sequence[BenchSocket], seconds: float, patience: float = 30
    ) -> None:
        """Send at the rate for so long, round the sockets, then wait for the answers."""
        started = time.time()
        numbers = itertools.cycle(range(10_000, 99_999))
        speakers = itertools.cycle(sockets)
        for index in range(int(self.rate * seconds)):
            due = started + index / self.rate
            await asyncio.sleep(max(0.0, due - time.time()))
            text = QUESTIONS[index % len(QUESTIONS)].format(n=next(numbers))
            speaker, client_id = next(speakers), uuid4()
            # The answer may overtake the echo, so the exchange is known by both ids at once.
            exchange = Exchange(asked=due)
            self.exchanges[str(client_id)] = exchange
            self.open += 1
            self._by_message[str(speaker.message_id(client_id))] = exchange
            speaker.say(text, client_id)
        ended = time.time()
        self.seconds, self.behind = ended - started, self.open
        await self._drain(patience)
        self.catching_up = time.time() - ended

    def _close_one(self) -> None:
        self.open -= 1
        self._settled.set()

    async def _drain(self, patience: float) -> None:
        try:
            async with asyncio.timeout(patience):
                while self.open:
                    self._settled.clear()
                    await self._settled.wait()
        except TimeoutError:
            return  # What is still open counts as not answered.


def _seconds(instant: str) -> float:
    return datetime.fromisoformat(instant).timestamp()
