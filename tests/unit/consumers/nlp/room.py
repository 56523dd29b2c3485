"""Where requests are answered, with everything behind them in memory."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4, uuid5

from consumers.delivery.ports import Delivered, Record
from consumers.nlp.ports import EntityRecognizer
from consumers.nlp.service.requests import Requests
from producers.memory import InMemoryEventPublisher
from runtime.clock import HybridLogicalClock
from schemas.events.ai import AiReply
from schemas.events.envelope import Event
from tests.unit.consumers.nlp.samples import AT, NAMESPACE, AxisEmbedder, small_analyzer
from tests.unit.consumers.nlp.stage import until
from tests.unit.consumers.nlp.writers import Desk

_Kind = TypeVar("_Kind", bound=AiReply)

USER: UUID = uuid5(NAMESPACE, "user")


class Room:
    """Requests whose clock stands still at noon; a desk brings a language model."""

    def __init__(
        self,
        executor: ThreadPoolExecutor,
        desk: Desk | None = None,
        recognizer: EntityRecognizer | None = None,
    ) -> None:
        self.embedder = AxisEmbedder()
        self.analyzer = small_analyzer(self.embedder, recognizer=recognizer)
        self.publisher = InMemoryEventPublisher()
        self.clock = HybridLogicalClock(now=lambda: AT)
        writer = None if desk is None else desk.writer()
        self.requests = Requests(self.analyzer, self.publisher, self.clock, executor, writer)
        self.embedder.calls.clear()

    @property
    def replies(self) -> list[AiReply]:
        """Every answer on the log."""
        return [event for event in self.publisher.events if isinstance(event, AiReply)]

    async def replied(self, kind: type[_Kind]) -> _Kind:
        """The first answer of this kind, as soon as there is one."""
        await until(lambda: any(isinstance(each, kind) for each in self.replies))
        return next(each for each in self.replies if isinstance(each, kind))


def asked(answer_by: datetime = AT + timedelta(seconds=5)) -> dict[str, Any]:
    """Return the envelope of a request from partition 3 under lease 7, good for five seconds."""
    event_id = uuid4()
    return {
        "event_id": event_id,
        "occurred_at": AT,
        "correlation_id": event_id,
        "request_id": uuid4(),
        "reply_partition": 3,
        "reply_fence": 7,
        "answer_by": answer_by,
    }


def delivered(event: Event) -> Delivered:
    """Return an event as the consume loop hands it over."""
    return Delivered(event, Record("ai-requests", 0, 0, event.key, b"", (), 0))


async def nothing_to_prepare() -> None:
    """Whoever asks may begin."""
