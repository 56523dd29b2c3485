"""Translates what the consume loop delivers into questions for the assistant, and into stops."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from consumers.delivery.deadline import split_late
from consumers.delivery.ports import Delivered, Offsets, Partition, Record
from consumers.nlp.service.analysis import Heard
from consumers.nlp.service.assistant import Assistant
from consumers.nlp.service.counting import ENDPOINT, count
from consumers.nlp.service.events import CONSUMER
from consumers.nlp.service.requests import Requests
from producers.dead_letters import first_place
from runtime import metrics
from runtime.clock import wall_clock
from runtime.errors import RetryableError
from schemas.events.ai import AiRequest
from schemas.events.chat import (
    ConversationHandedOver,
    MessageSent,
    ReplyRegenerateAsked,
    ReplyStopAsked,
)
from schemas.events.conversations import ConversationDeleted, ConversationEnded
from schemas.events.replies import FailureReason
from schemas.topics import group_of, source_of

if TYPE_CHECKING:
    from uuid import UUID

logger = structlog.get_logger(__name__)


class Handler:
    """Works a batch of messages and requests; neither waits for the other."""

    def __init__(
        self,
        messages: "MessageHandler",
        requests: "RequestHandler",
        prepare: Callable[[], Awaitable[None]],
    ) -> None:
        self._messages, self._requests = messages, requests
        self._prepare = prepare

    async def prepare(self) -> None:
        """See `consumers.delivery.ports.Prepared`."""
        await self._prepare()

    async def handle(self, batch: Sequence[Delivered]) -> None:
        """
        Answer everything; when it returns, every answer is on the log.

        Raises:
            RetryableError: the broker did not accept an answer; the batch may be done again.
        """
        outcomes = await asyncio.gather(
            self._messages.handle(batch), self._requests.handle(batch), return_exceptions=True
        )
        for outcome in outcomes:
            if outcome is not None:
                raise outcome

    def unfinished(self) -> Offsets:
        """See `consumers.delivery.ports.Unhurried`; requests hold nothing back.

        One that came again would be told in other pieces, in the middle of the first ones, and
        soon nobody waits for it (ADR 0021).
        """
        return self._messages.unfinished()

    async def settle(self) -> None:
        """See `consumers.delivery.ports.Unhurried`."""
        await asyncio.gather(self._messages.settle(), self._requests.settle())


class RequestHandler:
    """Answers the requests of a batch."""

    def __init__(self, requests: Requests, now: Callable[[], datetime] = wall_clock) -> None:
        self._requests = requests
        self._now = now

    async def handle(self, batch: Sequence[Delivered]) -> None:
        """See `Handler`; a request that nobody waits for any more is dropped and counted."""
        asked = [each for each in batch if isinstance(each.event, AiRequest)]
        due, late = split_late(asked, self._now())
        for each in late:
            topic = source_of(each.record.topic)
            metrics.late_dropped.labels(group_of(CONSUMER), topic).inc()
        await self._requests.answer(
            [each.event for each in due if isinstance(each.event, AiRequest)]
        )

    async def settle(self) -> None:
        """Give what is being written a little time."""
        await self._requests.settle()


class MessageHandler:
    """
    Answers the messages of a batch; what asks for nothing passes by.

    What a language model writes goes on in the background and is `unfinished` until it is on the
    log; see `consumers.delivery.ports.Unhurried`.
    """

    def __init__(self, assistant: Assistant, now: Callable[[], datetime] = wall_clock) -> None:
        self._assistant = assistant
        self._now = now
        self._generations = assistant.generations
        self._begun: dict[UUID, Record] = {}

    async def handle(self, batch: Sequence[Delivered]) -> None:
        """
        Answer a polled batch; when it returns, every answer is on the log.

        For a question that came too late that nobody waits any more, the log has that instead.

        Raises:
            RetryableError: the broker did not accept an answer; the batch may be done again.
        """
        said = [each for each in batch if not isinstance(each.event, AiRequest)]
        for stretch in _stretches(said):
            first = stretch[0]
            match first.event:
                case ConversationHandedOver() as handed:
                    await self._assistant.hand_over(handed, _place(first.record))
                case ConversationEnded() | ConversationDeleted() as over:
                    self._assistant.end(over.conversation_id, _place(first.record))
                case _:
                    await self._work(stretch)

    def unfinished(self) -> Offsets:
        """Return the first record of each partition whose answer is still being written."""
        if self._generations is None:
            return {}
        still = self._generations.open
        self._begun = {event: at for event, at in self._begun.items() if event in still}
        first: dict[Partition, int] = {}
        for record in self._begun.values():
            first[record.source] = min(record.offset, first.get(record.source, record.offset))
        return first

    async def settle(self) -> None:
        """Give what is being written a little time, and leave the rest to the next process."""
        if self._generations is not None:
            await self._generations.settle()

    async def _work(self, batch: Sequence[Delivered]) -> None:
        due, late = split_late(batch, self._now())
        if late:
            await self._decline(late)
        asked = _heard(due)
        if asked:
            await self._answer(asked, due)
        self._stop_what_is_not_wanted(due)

    async def _answer(self, asked: Sequence[Heard], due: Sequence[Delivered]) -> None:
        started = time.perf_counter()
        try:
            analyses = await self._assistant.answer(asked)
        except RetryableError:
            metrics.ai_requests.labels(ENDPOINT, "retried").inc(len(asked))
            raise
        finally:
            self._note_begun(due)
        for analysis in analyses:
            count(analysis)
        took = time.perf_counter() - started
        logger.debug("messages_answered", messages=len(analyses), seconds=round(took, 4))

    def _note_begun(self, batch: Sequence[Delivered]) -> None:
        if self._generations is None:
            return
        still = self._generations.open
        for each in batch:
            if each.event.event_id in still:
                self._begun[each.event.event_id] = each.record

    def _stop_what_is_not_wanted(self, batch: Sequence[Delivered]) -> None:
        # After the answers: a question and its stop may well come in one batch.
        for each in batch:
            if self._generations is not None and isinstance(each.event, ReplyStopAsked):
                self._generations.stop(each.event.message_id)

    async def _decline(self, late: Sequence[Delivered]) -> None:
        messages = [each for each in _heard(late) if isinstance(each.asked, MessageSent)]
        await self._assistant.decline(messages, FailureReason.LATE)
        # Counted when it is told: a broker that is away brings the batch again.
        for each in late:
            topic = source_of(each.record.topic)
            metrics.late_dropped.labels(group_of(CONSUMER), topic).inc()
            metrics.ai_requests.labels(ENDPOINT, "late").inc()
        logger.info("late_questions_dropped", messages=len(messages))


def _stretches(batch: Sequence[Delivered]) -> Iterator[Sequence[Delivered]]:
    """Cut a batch at its hand-overs and ends, each of which is a stretch of its own."""
    begin = 0
    for at, each in enumerate(batch):
        if isinstance(each.event, ConversationHandedOver | ConversationEnded | ConversationDeleted):
            if begin < at:
                yield batch[begin:at]
            yield batch[at : at + 1]
            begin = at + 1
    if begin < len(batch):
        yield batch[begin:]


def _heard(batch: Sequence[Delivered]) -> list[Heard]:
    return [
        Heard(each.event, _place(each.record))
        for each in batch
        if isinstance(each.event, MessageSent | ReplyRegenerateAsked)
    ]


def _place(record: Record) -> int:
    # A retry topic has offsets of its own; what counts is where the record stood first.
    if source_of(record.topic) == record.topic:
        return record.offset
    origin = first_place(record.headers)
    return record.offset if origin is None else origin.offset
