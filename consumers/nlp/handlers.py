"""Translates what the consume loop delivers into questions for the assistant."""

import time
from collections.abc import Sequence

import structlog

from consumers.delivery.ports import Delivered
from consumers.nlp.service.analysis import Analysis
from consumers.nlp.service.assistant import Assistant
from runtime import metrics
from runtime.errors import RetryableError
from schemas.events.chat import MessageSent
from schemas.events.replies import ReplySource

ENDPOINT = "process-message"
_STATUS = {ReplySource.HANDOVER: "handed_over", ReplySource.CLARIFY: "asked_back"}

logger = structlog.get_logger(__name__)


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
