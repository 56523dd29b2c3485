"""Answers batches of messages without holding up the event loop, and publishes as it goes."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor

from consumers.nlp.service.analysis import Analysis, Asked, Question
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.events import insight_of, no_reply_to, reply_to
from consumers.nlp.service.generations import Generations
from producers.ports import EventPublisher
from runtime.clock import HybridLogicalClock
from runtime.entities.masking import redacted
from runtime.errors import RetryableError
from schemas.events.chat import MessageSent, SenderKind
from schemas.events.envelope import Event
from schemas.events.replies import FailureReason, ReplyGenerated

# A longer chunk would make its first answer wait for its last; embedding gains nothing from it.
CHUNK = 8


class Assistant:
    """
    Understands people's messages and answers them.

    Doing a message again makes the same two events under the same ids, so any failure may be met
    by doing the whole batch again. `executor` must have one thread.
    With `generations`, a language model answers where only snippets would; those answers come
    later than `answer` returns, and until then `generations.open` names their events.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        publisher: EventPublisher,
        clock: HybridLogicalClock,
        executor: Executor,
        generations: Generations | None = None,
    ) -> None:
        self._analyzer = analyzer
        self._publisher = publisher
        self._clock = clock
        self._executor = executor
        self.generations = generations

    async def answer(self, messages: Sequence[Asked]) -> list[Analysis]:
        """
        Publish a reply to everything asked, and an insight for every message among it.

        Messages that no person has sent are passed over.
        Returns when the broker has accepted all that does not wait for the language model.

        Raises:
            RetryableError: the broker did not accept an event.
        """
        asked = [each for each in messages if _wants_answer(each)]
        analyses: list[Analysis] = []
        publishing: list[asyncio.Task[None]] = []
        loop = asyncio.get_running_loop()
        chunks = [asked[start : start + CHUNK] for start in range(0, len(asked), CHUNK)]
        # All of them at once: the thread goes from one to the next without waiting for this loop,
        # which meanwhile publishes.
        working = [
            loop.run_in_executor(self._executor, self._analyzer.analyze, _questions(chunk))
            for chunk in chunks
        ]
        try:
            for chunk, work in zip(chunks, working, strict=True):
                understood = await work
                analyses += understood
                publishing.append(asyncio.create_task(self._publish(chunk, understood)))
        finally:
            # Even on a failure nothing of this batch may still be under way when it is done again.
            for work in working:
                work.cancel()
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
        await self._surely(told)

    async def _publish(self, chunk: Sequence[Asked], analyses: Sequence[Analysis]) -> None:
        replies: list[Event] = []
        insights: list[Event] = []
        for asked, analysis in zip(chunk, analyses, strict=True):
            self._clock.observe(asked.occurred_at)
            if self.generations is not None and analysis.answer.grounds:
                self.generations.begin(asked, analysis, self._publish_reply)
            else:
                replies.append(self._reply(asked, analysis))
                self._remember(asked, analysis)
            if isinstance(asked, MessageSent):
                version = analysis.model_version
                insights.append(insight_of(asked, analysis, version, self._clock.stamp()))
        # The replies first: people wait for them.
        await self._surely([*replies, *insights])

    async def _publish_reply(self, asked: Asked, analysis: Analysis) -> None:
        await self._surely([self._reply(asked, analysis)])

    async def _surely(self, events: Sequence[Event]) -> None:
        for outcome in await self._publisher.publish_all(events):
            if not outcome.accepted:
                message = f"{outcome.topic} did not accept an event: {outcome.status}"
                raise RetryableError(message)

    def _reply(self, asked: Asked, analysis: Analysis) -> ReplyGenerated:
        return reply_to(asked, analysis, analysis.model_version, self._clock.stamp())

    def _remember(self, asked: Asked, analysis: Analysis) -> None:
        if self.generations is not None:
            said = redacted(asked.text, analysis.understanding.entities)
            self.generations.turns.remember(
                asked.conversation_id, asked.message_id, said, analysis.answer.text
            )


def _questions(chunk: Sequence[Asked]) -> list[Question]:
    return [
        Question(each.conversation_id, each.message_id, each.text, each.occurred_at, each.sender.id)
        for each in chunk
    ]


def _wants_answer(asked: Asked) -> bool:
    return not isinstance(asked, MessageSent) or asked.sender.kind is SenderKind.USER
