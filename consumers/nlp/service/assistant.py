"""Answers batches of messages without holding up the event loop, and publishes as it goes."""

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from consumers.nlp.service.analysis import Analysis, Asked, Heard, Question
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.counting import count
from consumers.nlp.service.endings import Endings
from consumers.nlp.service.events import (
    insight_of,
    no_reply_to,
    reply_to,
    require_accepted,
    silence_after,
)
from consumers.nlp.service.generations import Generations
from consumers.nlp.service.handovers import Handovers
from producers.ports import EventPublisher
from runtime import metrics
from runtime.clock import HybridLogicalClock, wall_clock
from schemas.events.chat import ConversationHandedOver, Handler, MessageSent, SenderKind
from schemas.events.envelope import Event
from schemas.events.replies import FailureReason, HandoverAsked, ReplyGenerated, ReplyWithheld

if TYPE_CHECKING:
    from uuid import UUID

# A longer chunk would make its first answer wait for its last; embedding gains nothing from it.
CHUNK = 8


class Assistant:
    """
    Understands people's messages and answers them.

    Doing a message again makes the same two events under the same ids, so any failure may be met
    by doing the whole batch again. `executor` must have one thread.
    With `generations`, a language model answers where only snippets would; those answers come
    later than `answer` returns, and until then `generations.open` names their events.
    Where a person answers it understands and keeps silent (ADR 0024), as behind an end (ADR 0033).
    """

    def __init__(
        self,
        analyzer: Analyzer,
        publisher: EventPublisher,
        clock: HybridLogicalClock,
        executor: Executor,
        handovers: Handovers,
        *,
        generations: Generations | None = None,
        now: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._analyzer = analyzer
        self._publisher = publisher
        self._clock = clock
        self._executor = executor
        self._handovers = handovers
        self._endings = Endings()
        self.generations = generations
        self._now = now

    async def answer(self, messages: Sequence[Heard]) -> list[Analysis]:
        """
        Publish a reply to everything asked, and an insight for every message among it.

        What others than the conversation's owner say, or ask anew, is passed over. What stands
        behind a hand-over is not answered, and the log says so; a message that asks for a person
        is one.
        Returns when the broker has accepted all that does not wait for the language model: what
        is returned are the analyses of that, the rest counts when its answer is there.

        Raises:
            RetryableError: the broker did not accept an event.
        """
        arrived = time.perf_counter()
        asked = [each for each in messages if _wants_answer(each.asked)]
        publishing: list[asyncio.Task[list[Analysis]]] = []
        loop = asyncio.get_running_loop()
        chunks = [asked[start : start + CHUNK] for start in range(0, len(asked), CHUNK)]
        # All of them at once: the thread goes from one to the next without waiting for this loop,
        # which meanwhile publishes.
        working = [
            loop.run_in_executor(self._executor, self._analyzer.analyze, self._questions(chunk))
            for chunk in chunks
        ]
        try:
            for chunk, work in zip(chunks, working, strict=True):
                decided = [
                    self._decide(heard, analysis)
                    for heard, analysis in zip(chunk, await work, strict=True)
                ]
                publishing.append(asyncio.create_task(self._publish(decided, arrived)))
        finally:
            # Even on a failure nothing of this batch may still be under way when it is done again.
            for work in working:
                work.cancel()
            outcomes = await asyncio.gather(*publishing, return_exceptions=True)
        analyses: list[Analysis] = []
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            analyses += outcome
        return analyses

    async def hand_over(self, event: ConversationHandedOver, place: int) -> None:
        """
        Fall silent in a conversation, or speak again; returns when the broker has accepted that.

        Raises:
            RetryableError: the broker did not accept it.
        """
        await self._handovers.note(event, place)
        if event.to is Handler.AGENT:
            self.hush(event.conversation_id)

    def end(self, conversation: "UUID", place: int) -> None:
        """Say nothing more in a conversation, whose end or deletion stands at this offset."""
        self._endings.note(conversation, place)
        self.hush(conversation)

    def hush(self, conversation: "UUID") -> None:
        """Say nothing of what is still being written in this conversation."""
        if self.generations is not None:
            self.generations.cut(conversation)

    async def decline(self, late: Sequence[Heard], reason: FailureReason) -> None:
        """
        Say that these will not be answered; returns when the broker has accepted that.

        Raises:
            RetryableError: the broker did not accept an event.
        """
        told: list[Event] = []
        for heard in late:
            asked = heard.asked
            self._clock.observe(asked.occurred_at)
            silent = self._silent_at(asked.conversation_id, heard.place)
            at = self._clock.stamp()
            told.append(silence_after(asked, at) if silent else no_reply_to(asked, reason, at))
        await self._surely(told)

    def _silent_at(self, conversation: "UUID", place: int) -> bool:
        over = self._endings.over_at(conversation, place)
        return over or self._handovers.silent_at(conversation, place)

    def _decide(self, heard: Heard, analysis: Analysis) -> "_Decided":
        # One after the other, in the order of the log: a message may ask for a person.
        if self._silent_at(heard.asked.conversation_id, heard.place):
            silent = replace(analysis, answer=replace(analysis.answer, withheld=True))
            return _Decided(heard.asked, silent, None)
        calls = analysis.answer.calls_person
        asking = self._handovers.ask_for_person(heard) if calls else None
        return _Decided(heard.asked, analysis, asking)

    async def _publish(self, chunk: Sequence["_Decided"], arrived: float) -> list[Analysis]:
        replies: list[Event] = []
        others: list[Event] = []
        at_once: list[tuple[Asked, Analysis]] = []
        for asked, analysis, asking in chunk:
            answer = analysis.answer
            self._clock.observe(asked.occurred_at)
            if self.generations is not None and answer.grounds and not answer.withheld:
                publish = partial(self._publish_reply, arrived)
                self.generations.begin(asked, analysis, publish)
            else:
                replies.append(self._reply(asked, analysis))
                at_once.append((asked, analysis))
                self._remember(asked, analysis)
            if asking is not None:
                others.append(asking)
            if isinstance(asked, MessageSent):
                version = analysis.model_version
                others.append(insight_of(asked, analysis, version, self._clock.stamp()))
        # The replies first: people wait for them.
        await self._surely([*replies, *others])
        for each in at_once:
            self._measure(arrived, *each)
        for asked in (each.asked for each in chunk if each.asking is not None):
            await self._handovers.write(asked)
        return [analysis for _, analysis in at_once]

    async def _publish_reply(self, arrived: float, asked: Asked, analysis: Analysis) -> None:
        await self._surely([self._reply(asked, analysis)])
        self._measure(arrived, asked, analysis)
        count(analysis)

    def _measure(self, arrived: float, asked: Asked, analysis: Analysis) -> None:
        """Note how long an answer took that is on the log now."""
        if analysis.answer.withheld:
            return
        metrics.nlp_reply_seconds.observe(time.perf_counter() - arrived)
        if isinstance(asked, MessageSent) and asked.answer_by is not None:
            waited = (self._now() - asked.occurred_at).total_seconds()
            metrics.chat_response_seconds.observe(max(0.0, waited))

    async def _surely(self, events: Sequence[Event]) -> None:
        for outcome in await self._publisher.publish_all(events):
            require_accepted(outcome)

    def _reply(self, asked: Asked, analysis: Analysis) -> ReplyGenerated | ReplyWithheld:
        at = self._clock.stamp()
        if analysis.answer.withheld:
            return silence_after(asked, at)
        return reply_to(asked, analysis, analysis.model_version, at)

    def _remember(self, asked: Asked, analysis: Analysis) -> None:
        if self.generations is not None and not analysis.answer.withheld:
            self.generations.turns.note(asked, analysis.understanding, analysis.answer.text)

    def _questions(self, chunk: Sequence[Heard]) -> list[Question]:
        return [self._question(each.asked, each.place) for each in chunk]

    def _question(self, asked: Asked, place: int) -> Question:
        return Question(
            asked.conversation_id,
            asked.message_id,
            asked.text,
            asked.occurred_at,
            user_id=asked.sender.id,
            answered=not self._silent_at(asked.conversation_id, place),
        )


class _Decided(NamedTuple):
    """A message with what is to be told about it, and the hand-over that goes with it."""

    asked: Asked
    analysis: Analysis
    asking: HandoverAsked | None


def _wants_answer(asked: Asked) -> bool:
    return asked.sender.kind is SenderKind.USER
