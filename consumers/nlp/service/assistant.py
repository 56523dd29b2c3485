"""Answers batches of messages without holding up the event loop, and publishes as it goes."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor

from consumers.nlp.service.analysis import Analysis, Question
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.events import insight_of, no_reply_to, reply_to
from producers.ports import EventPublisher, Published
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.chat import MessageSent, SenderKind
from schemas.events.replies import FailureReason

# A longer chunk would make its first answer wait for its last; embedding gains nothing from it.
CHUNK = 8


class Assistant:
    """
    Understands people's messages and answers them.

    Doing a message again makes the same two events under the same ids, so any failure may be met
    by doing the whole batch again. `executor` must have one thread.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        publisher: EventPublisher,
        clock: HybridLogicalClock,
        executor: Executor,
    ) -> None:
        self._analyzer = analyzer
        self._publisher = publisher
        self._clock = clock
        self._executor = executor

    async def answer(self, messages: Sequence[MessageSent]) -> list[Analysis]:
        """
        Publish a reply and an insight for every message a person sent; others are passed over.

        Returns when the broker has accepted all of them.

        Raises:
            RetryableError: the broker did not accept an event.
        """
        asked = [message for message in messages if message.sender.kind is SenderKind.USER]
        analyses: list[Analysis] = []
        publishing: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()
        try:
            for start in range(0, len(asked), CHUNK):
                chunk = asked[start : start + CHUNK]
                questions = [
                    Question(each.conversation_id, each.message_id, each.text, each.occurred_at)
                    for each in chunk
                ]
                understood = await loop.run_in_executor(
                    self._executor, self._analyzer.analyze, questions
                )
                analyses += understood
                publishing += [
                    asyncio.create_task(self._publish(message, analysis))
                    for message, analysis in zip(chunk, understood, strict=True)
                ]
        finally:
            # Even on a failure nothing of this batch may still be under way when it is done again.
            outcomes = await asyncio.gather(*publishing, return_exceptions=True)
        for outcome in outcomes:
            if outcome is not None:
                raise outcome
        return analyses

    async def decline(self, messages: Sequence[MessageSent], reason: FailureReason) -> None:
        """
        Say that these will not be answered; returns when the broker has accepted that.

        Raises:
            RetryableError: the broker did not accept an event.
        """
        told = []
        for message in messages:
            self._clock.observe(message.occurred_at)
            told.append(no_reply_to(message, reason, self._clock.stamp()))
        for outcome in await asyncio.gather(*map(self._publisher.publish, told)):
            _require_accepted(outcome)

    async def _publish(self, message: MessageSent, analysis: Analysis) -> None:
        version = analysis.model_version
        self._clock.observe(message.occurred_at)
        reply = reply_to(message, analysis, version, self._clock.stamp())
        insight = insight_of(message, analysis, version, self._clock.stamp())
        # The reply first: a person waits for it.
        outcomes = await asyncio.gather(
            self._publisher.publish(reply), self._publisher.publish(insight)
        )
        for outcome in outcomes:
            _require_accepted(outcome)


def _require_accepted(outcome: Published) -> None:
    if not outcome.accepted:
        message = f"{outcome.topic} did not accept an event: {outcome.status}"
        raise RetryableError(message)
