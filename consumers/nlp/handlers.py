"""Translates what the consume loop delivers into questions for the assistant."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from consumers.delivery.deadline import split_late
from consumers.delivery.ports import Delivered
from consumers.nlp.service.analysis import Analysis
from consumers.nlp.service.assistant import Assistant
from consumers.nlp.service.events import CONSUMER
from consumers.nlp.service.requests import Requests
from runtime import metrics
from runtime.clock import wall_clock
from runtime.errors import RetryableError
from schemas.events.ai import AiRequest
from schemas.events.chat import MessageSent
from schemas.events.replies import FailureReason, ReplySource
from schemas.topics import group_of, source_of

ENDPOINT = "process-message"
_STATUS = {ReplySource.HANDOVER: "handed_over", ReplySource.CLARIFY: "asked_back"}

logger = structlog.get_logger(__name__)


class Handler:
    """Works a batch of messages and requests; neither waits for the other."""

    def __init__(self, messages: "MessageHandler", requests: "RequestHandler") -> None:
        self._handlers = (messages, requests)

    async def handle(self, batch: Sequence[Delivered]) -> None:
        """
        Answer everything; when it returns, every answer is on the log.

        Raises:
            RetryableError: the broker did not accept an answer; the batch may be done again.
        """
        outcomes = await asyncio.gather(
            *(each.handle(batch) for each in self._handlers), return_exceptions=True
        )
        for outcome in outcomes:
            if outcome is not None:
                raise outcome


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


class MessageHandler:
    """Answers the messages of a batch; what is not a message passes by."""

    def __init__(self, assistant: Assistant, now: Callable[[], datetime] = wall_clock) -> None:
        self._assistant = assistant
        self._now = now

    async def handle(self, batch: Sequence[Delivered]) -> None:
        """
        Answer a polled batch; when it returns, every answer is on the log.

        For a question that came too late that nobody waits any more, the log has that instead.

        Raises:
            RetryableError: the broker did not accept an answer; the batch may be done again.
        """
        said = [each for each in batch if isinstance(each.event, MessageSent)]
        due, late = split_late(said, self._now())
        if late:
            await self._decline(late)
        messages = [each.event for each in due if isinstance(each.event, MessageSent)]
        if not messages:
            return
        started = time.perf_counter()
        try:
            analyses = await self._assistant.answer(messages)
        except RetryableError:
            metrics.ai_requests.labels(ENDPOINT, "retried").inc(len(messages))
            raise
        _measure(analyses, time.perf_counter() - started)
        now = self._now()
        for message in messages:
            if message.answer_by is not None:
                waited = (now - message.occurred_at).total_seconds()
                metrics.chat_response_seconds.observe(max(0.0, waited))

    async def _decline(self, late: Sequence[Delivered]) -> None:
        messages = [each.event for each in late if isinstance(each.event, MessageSent)]
        await self._assistant.decline(messages, FailureReason.LATE)
        # Counted when it is told: a broker that is away brings the batch again.
        for each in late:
            topic = source_of(each.record.topic)
            metrics.late_dropped.labels(group_of(CONSUMER), topic).inc()
            metrics.ai_requests.labels(ENDPOINT, "late").inc()
        logger.info("late_questions_dropped", messages=len(messages))


def _measure(analyses: Sequence[Analysis], seconds: float) -> None:
    for analysis in analyses:
        status = _STATUS.get(analysis.answer.source, "answered")
        metrics.ai_requests.labels(ENDPOINT, status).inc()
        metrics.ai_request_seconds.labels(ENDPOINT).observe(sum(analysis.timings_ms.values()) / 1e3)
        for step, took in analysis.timings_ms.items():
            metrics.ai_step_seconds.labels(step).observe(took / 1e3)
        metrics.nlp_reply_seconds.observe(seconds)
    logger.debug("messages_answered", messages=len(analyses), seconds=round(seconds, 4))
