"""An assistant with a language model that a test leads, and what people ask of it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID, uuid4

from consumers.delivery.ports import Delivered, Record
from consumers.nlp.handlers import MessageHandler
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.assistant import Assistant
from consumers.nlp.service.handovers import Handovers
from producers.memory import InMemoryEventPublisher
from runtime.clock import HybridLogicalClock
from schemas.events.chat import (
    ConversationHandedOver,
    Handler,
    MessageSent,
    ReplyRegenerateAsked,
    ReplyStopAsked,
)
from schemas.events.envelope import Event
from schemas.events.replies import ReplyGenerated
from tests.unit.consumers.nlp.samples import (
    AT,
    ORDER,
    SNIPPET,
    AxisEmbedder,
    message,
    small_analyzer,
)
from tests.unit.consumers.nlp.writers import Desk

HELD = 2
"""The scripted model waits before this word, so something is written and something is not."""


@dataclass
class Stage:
    """An assistant with a language model, and what it publishes."""

    desk: Desk
    handler: MessageHandler
    publisher: InMemoryEventPublisher
    assistant: Assistant

    @property
    def replies(self) -> list[ReplyGenerated]:
        return [event for event in self.publisher.events if isinstance(event, ReplyGenerated)]

    async def ask(self, *events: Event, first_offset: int = 0) -> None:
        """Hand a batch over, as the loop does."""
        await self.handler.handle(
            [
                Delivered(
                    event, Record("chat-messages", 0, first_offset + at, event.key, b"", (), 0)
                )
                for at, event in enumerate(events)
            ]
        )

    async def replied(self, count: int = 1) -> ReplyGenerated:
        """Return the answer, as soon as there are so many."""
        await until(lambda: len(self.replies) >= count)
        return self.replies[-1]


async def until(holds: Callable[[], bool]) -> None:
    """Wait until a condition holds."""
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.005)


class Start(Protocol):
    """Puts an assistant around a desk: one that understands English, unless another is given."""

    def __call__(self, desk: Desk, analyzer: Analyzer | None = None) -> Stage: ...


def again(asked: MessageSent, text: str = SNIPPET) -> ReplyRegenerateAsked:
    """Return the wish for another answer."""
    event_id = uuid4()
    return ReplyRegenerateAsked(
        event_id=event_id,
        occurred_at=asked.occurred_at,
        correlation_id=event_id,
        conversation_id=asked.conversation_id,
        message_id=asked.message_id,
        sender=asked.sender,
        text=text,
    )


def stop(asked: MessageSent) -> ReplyStopAsked:
    """Return the wish for no more of an answer."""
    event_id = uuid4()
    return ReplyStopAsked(
        event_id=event_id,
        occurred_at=asked.occurred_at,
        correlation_id=event_id,
        conversation_id=asked.conversation_id,
        message_id=asked.message_id,
        sender=asked.sender,
    )


def handed(
    to: Handler, *, second: float, conversation: UUID | None = None
) -> ConversationHandedOver:
    """A hand-over so many seconds after noon."""
    asked, event_id = message(ORDER), uuid4()
    return ConversationHandedOver(
        event_id=event_id,
        occurred_at=AT + timedelta(seconds=second),
        correlation_id=event_id,
        conversation_id=conversation or asked.conversation_id,
        sender=asked.sender,
        to=to,
    )


@asynccontextmanager
async def staging() -> AsyncIterator[Start]:
    """Give what puts an assistant around a desk; what it still writes is settled at the end."""
    stages: list[Stage] = []
    with ThreadPoolExecutor(max_workers=1) as executor:

        def make(desk: Desk, analyzer: Analyzer | None = None) -> Stage:
            publisher = InMemoryEventPublisher()
            clock = HybridLogicalClock()
            assistant = Assistant(
                analyzer or small_analyzer(AxisEmbedder()),
                publisher,
                clock,
                executor,
                Handovers(publisher, clock),
                generations=desk.generations(),
            )
            stages.append(Stage(desk, MessageHandler(assistant), publisher, assistant))
            return stages[-1]

        yield make
        for stage in stages:
            await stage.handler.settle()
