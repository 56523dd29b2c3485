"""Translates what the consume loop delivers into questions for the assistant, and into stops."""

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from consumers.delivery.ports import Delivered, Offsets, Partition, Record
from consumers.nlp.service.analysis import Analysis
from consumers.nlp.service.assistant import Assistant
from runtime import metrics
from runtime.errors import RetryableError
from schemas.events.chat import MessageSent, ReplyRegenerateAsked, ReplyStopAsked
from schemas.events.replies import ReplySource

if TYPE_CHECKING:
    from uuid import UUID

ENDPOINT = "process-message"
_STATUS = {ReplySource.HANDOVER: "handed_over", ReplySource.CLARIFY: "asked_back"}

logger = structlog.get_logger(__name__)


class MessageHandler:
    """
    Answers the messages of a batch; what asks for nothing passes by.

    What a language model writes goes on in the background and is `unfinished` until it is on the
    log; see `consumers.delivery.ports.Unhurried`.
    """

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant
        self._generations = assistant.generations
        self._begun: dict[UUID, Record] = {}

    async def handle(self, batch: Sequence[Delivered]) -> None:
        """
        Answer a polled batch; when it returns, every answer is on the log.

        Raises:
            RetryableError: the broker did not accept an answer; the batch may be done again.
        """
        asked = [
            each.event
            for each in batch
            if isinstance(each.event, MessageSent | ReplyRegenerateAsked)
        ]
        if asked:
            started = time.perf_counter()
            try:
                analyses = await self._assistant.answer(asked)
            except RetryableError:
                metrics.ai_requests.labels(ENDPOINT, "retried").inc(len(asked))
                raise
            finally:
                self._note_begun(batch)
            _measure(analyses, time.perf_counter() - started)
        self._stop_what_is_not_wanted(batch)

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


def _measure(analyses: Sequence[Analysis], seconds: float) -> None:
    for analysis in analyses:
        status = _STATUS.get(analysis.answer.source, "answered")
        metrics.ai_requests.labels(ENDPOINT, status).inc()
        metrics.ai_request_seconds.labels(ENDPOINT).observe(sum(analysis.timings_ms.values()) / 1e3)
        for step, took in analysis.timings_ms.items():
            metrics.ai_step_seconds.labels(step).observe(took / 1e3)
        metrics.nlp_reply_seconds.observe(seconds)
    logger.debug("messages_answered", messages=len(analyses), seconds=round(seconds, 4))
