"""Translates what the consume loop delivers into questions for the assistant."""

import asyncio
import time
from collections.abc import Sequence

import structlog

from consumers.delivery.late import count_late
from consumers.delivery.ports import Delivered
from consumers.nlp.service.analysis import Analysis
from consumers.nlp.service.assistant import Assistant
from consumers.nlp.service.events import CONSUMER
from consumers.nlp.service.requests import Requests
from runtime import metrics
from runtime.errors import RetryableError
from schemas.events.ai import AiRequest
from schemas.events.chat import MessageSent
from schemas.events.replies import ReplySource
from schemas.topics import Topic, group_of

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

    def __init__(self, requests: Requests) -> None:
        self._requests = requests

    async def handle(self, batch: Sequence[Delivered]) -> None:
        """See `Handler`; requests whose deadline passed while the batch waited are counted."""
        asked = [each.event for each in batch if isinstance(each.event, AiRequest)]
        if not asked:
            return
        late = await self._requests.answer(asked)
        if late:
            count_late(group_of(CONSUMER), Topic.AI_REQUESTS, late)


class MessageHandler:
    """Answers the messages of a batch; what is not a message passes by."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    async def handle(self, batch: Sequence[Delivered]) -> None:
        """
        Answer a polled batch; when it returns, every answer is on the log.

        Raises:
            RetryableError: the broker did not accept an answer; the batch may be done again.
        """
        messages = [each.event for each in batch if isinstance(each.event, MessageSent)]
        if not messages:
            return
        started = time.perf_counter()
        try:
            analyses = await self._assistant.answer(messages)
        except RetryableError:
            metrics.ai_requests.labels(ENDPOINT, "retried").inc(len(messages))
            raise
        _measure(analyses, time.perf_counter() - started)


def _measure(analyses: Sequence[Analysis], seconds: float) -> None:
    for analysis in analyses:
        status = _STATUS.get(analysis.answer.source, "answered")
        metrics.ai_requests.labels(ENDPOINT, status).inc()
        metrics.ai_request_seconds.labels(ENDPOINT).observe(sum(analysis.timings_ms.values()) / 1e3)
        for step, took in analysis.timings_ms.items():
            metrics.ai_step_seconds.labels(step).observe(took / 1e3)
        metrics.nlp_reply_seconds.observe(seconds)
    logger.debug("messages_answered", messages=len(analyses), seconds=round(seconds, 4))
