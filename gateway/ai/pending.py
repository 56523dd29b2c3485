"""Who waits for an answer: bounded, and swept of those who went away without a word."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from gateway.ai.errors import NoAnswer, NoAnswerError
from runtime import metrics
from schemas.events.ai import AiReply

MOST_PIECES = 4_096
"""An answer in more pieces than this is cut off; it would be a hundred printed pages."""


class Waiting:
    """One request's answer as far as it has come; several may read it."""

    def __init__(self) -> None:
        self.readers = 0
        self.due = 0.0
        self.asked = False
        """Whether the log may have the request."""
        self._replies: list[AiReply] = []
        self._failure: NoAnswer | None = None
        self._changed = asyncio.Event()

    @property
    def open(self) -> bool:
        """Whether the assistant may still be at work on it."""
        ended = bool(self._replies) and self._replies[-1].last
        return self.asked and not ended and self._failure is not NoAnswer.FAILED

    async def reply(self, sequence: int) -> AiReply:
        """Return this piece once it is there.

        Raises:
            NoAnswerError: it will not come.
        """
        while len(self._replies) <= sequence:
            if self._failure is not None:
                raise NoAnswerError(self._failure)
            self._changed.clear()
            await self._changed.wait()
        return self._replies[sequence]

    def take(self, reply: AiReply) -> str | None:
        """Keep the next piece; return why not, if it is not."""
        if reply.sequence < len(self._replies):
            return "repeated"
        if reply.sequence > len(self._replies):
            # A piece is missing: the sender was not sure of it and will send all of them again.
            return "out_of_order"
        if len(self._replies) == MOST_PIECES:
            self.fail(NoAnswer.UNAVAILABLE)
            return "too_many"
        self._replies.append(reply)
        self._changed.set()
        return None

    def fail(self, reason: NoAnswer) -> None:
        """Let everybody who waits go without an answer."""
        self._failure = reason
        self._changed.set()


class Pending:
    """The requests under way, by id."""

    def __init__(self, most: int, now: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._now = now
        self._waiting: dict[UUID, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @contextmanager
    def opened(self, request_id: UUID, seconds: float) -> Iterator[Waiting]:
        """Wait for a request's answer; a repeat joins the one that waits already.

        Raises:
            NoAnswerError: too many wait.
        """
        waiting = self._waiting.get(request_id)
        if waiting is None:
            if len(self._waiting) >= self._most:
                raise NoAnswerError(NoAnswer.BUSY)
            waiting = self._waiting[request_id] = Waiting()
        waiting.readers += 1
        self.prolong(waiting, seconds)
        try:
            yield waiting
        finally:
            waiting.readers -= 1
            if not waiting.readers:
                self._forget(request_id, waiting)

    def prolong(self, waiting: Waiting, seconds: float) -> None:
        """Somebody will wait so much longer."""
        waiting.due = max(waiting.due, self._now() + seconds)
        metrics.ai_pending.set(len(self._waiting))

    def find(self, request_id: UUID) -> Waiting | None:
        """Return who waits for this."""
        return self._waiting.get(request_id)

    def fail(self, reason: NoAnswer) -> None:
        """Let everybody go."""
        gone, self._waiting = self._waiting, {}
        for waiting in gone.values():
            waiting.fail(reason)
        metrics.ai_pending.set(0)

    def sweep(self) -> None:
        """Forget whoever is overdue: a reader that left in time would have gone by itself."""
        now = self._now()
        for request_id, waiting in list(self._waiting.items()):
            if waiting.due < now:
                waiting.fail(NoAnswer.TIMEOUT)
                self._forget(request_id, waiting)

    def _forget(self, request_id: UUID, waiting: Waiting) -> None:
        if self._waiting.get(request_id) is waiting:
            del self._waiting[request_id]
        metrics.ai_pending.set(len(self._waiting))
