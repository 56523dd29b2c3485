"""Answers requests that come over REST, in the same chunks and by the same analyzer as messages."""

import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from consumers.nlp.ports import Matrix
from consumers.nlp.service import request_replies as replies
from consumers.nlp.service.analysis import Analysis, Answer, Question
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.answered import Answered
from consumers.nlp.service.assistant import CHUNK
from consumers.nlp.service.pieces import PieceSource, WholeAnswers
from consumers.nlp.service.summary import pick, sentences_of
from producers.ports import EventPublisher
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.ai import (
    AiReply,
    AiRequest,
    GenerateResponse,
    ListModels,
    ProcessMessage,
    ReadIntent,
    ReadSentiment,
    Summarize,
)

if TYPE_CHECKING:
    from uuid import UUID

TextRequest = ProcessMessage | ReadSentiment | ReadIntent | GenerateResponse


class Requests:
    """
    Answers requests; what was asked is neither kept nor logged.

    Doing a request again gives the same answer for as long as it is remembered, and the same ids
    always, so any failure may be met by doing the whole batch again. `executor` must have one
    thread; long work is cut into chunks there, so that messages get their turn in between.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        publisher: EventPublisher,
        clock: HybridLogicalClock,
        executor: Executor,
        *,
        source: PieceSource | None = None,
    ) -> None:
        self._analyzer = analyzer
        self._publisher = publisher
        self._clock = clock
        self._executor = executor
        self._source = source or WholeAnswers()
        self._answered = Answered()

    async def answer(self, requests: Sequence[AiRequest]) -> None:
        """
        Publish an answer to each request.

        Returns when the broker has accepted all of them.

        Raises:
            RetryableError: the broker did not accept an answer.
        """
        new, repeats = self._told_apart(requests)
        texts = [each for each in new if isinstance(each, TextRequest)]
        work: list[Coroutine[object, object, None]] = [self._understand(texts)]
        work += [self._summarize(each) for each in new if isinstance(each, Summarize)]
        work += [self._list_models(each) for each in new if isinstance(each, ListModels)]
        await _all_done(work)
        await _all_done([self._repeat(each) for each in repeats])

    def _told_apart(self, requests: Sequence[AiRequest]) -> tuple[list[AiRequest], list[AiRequest]]:
        """Those to work, and those that repeat one of them or one that is remembered."""
        new: dict[UUID, AiRequest] = {}
        repeats: list[AiRequest] = []
        for request in requests:
            self._clock.observe(request.occurred_at)
            if request.request_id in new or self._answered.find(request.request_id):
                repeats.append(request)
            else:
                new[request.request_id] = request
        return list(new.values()), repeats

    async def _understand(self, requests: Sequence[TextRequest]) -> None:
        answering: list[asyncio.Task[None]] = []
        try:
            for start in range(0, len(requests), CHUNK):
                chunk = requests[start : start + CHUNK]
                questions = [_question(each) for each in chunk]
                loop = asyncio.get_running_loop()
                analyses = await loop.run_in_executor(
                    self._executor, self._analyzer.analyze, questions
                )
                answering += [
                    asyncio.create_task(self._answer(*each))
                    for each in zip(chunk, questions, analyses, strict=True)
                ]
        finally:
            outcomes = await asyncio.gather(*answering, return_exceptions=True)
        _raise_first(outcomes)

    async def _answer(self, request: TextRequest, question: Question, analysis: Analysis) -> None:
        version, at = self._analyzer.model_version, self._clock.stamp()
        match request:
            case ProcessMessage():
                await self._say(request, replies.processed(request, analysis, version, at))
            case ReadSentiment():
                await self._say(request, replies.sentiment_read(request, analysis, version, at))
            case ReadIntent():
                await self._say(request, replies.intent_read(request, analysis, version, at))
            case GenerateResponse():
                await self._generate(request, question, analysis)

    async def _generate(
        self, request: GenerateResponse, question: Question, analysis: Analysis
    ) -> None:
        said: list[AiReply] = []
        publishing: list[asyncio.Task[None]] = []
        try:
            async for part in self._source.pieces(question, analysis):
                if isinstance(part, Answer):
                    said.append(self._response(request, analysis, part, len(said)))
                elif request.stream:
                    said.append(replies.piece(request, part, len(said), self._clock.stamp()))
                else:
                    continue
                # Not awaited: the next words are made while these are on their way, in order.
                publishing.append(asyncio.create_task(self._publish(said[-1])))
            self._answered.keep(request.request_id, said)
        finally:
            outcomes = await asyncio.gather(*publishing, return_exceptions=True)
        _raise_first(outcomes)

    def _response(
        self, request: GenerateResponse, analysis: Analysis, answer: Answer, sequence: int
    ) -> AiReply:
        said = replace(analysis, answer=answer, model_version=self._analyzer.model_version)
        return replies.response(request, said, sequence, self._clock.stamp())

    async def _summarize(self, request: Summarize) -> None:
        sentences = sentences_of(request.turns)
        vectors = await self._vectors([each.text for each in sentences])
        picked = pick(sentences, vectors, request.sentences)
        version, at = self._analyzer.model_version, self._clock.stamp()
        await self._say(request, replies.summarized(request, picked, version, at))

    async def _vectors(self, texts: Sequence[str]) -> Matrix:
        loop = asyncio.get_running_loop()
        chunks = [
            await loop.run_in_executor(
                self._executor, self._analyzer.vectors, texts[start : start + CHUNK]
            )
            for start in range(0, len(texts), CHUNK)
        ]
        return np.concatenate(chunks)

    async def _list_models(self, request: ListModels) -> None:
        models = self._analyzer.models
        await self._say(request, replies.models_listed(request, models, self._clock.stamp()))

    async def _say(self, request: AiRequest, reply: AiReply) -> None:
        self._answered.keep(request.request_id, [reply])
        await self._publish(reply)

    async def _repeat(self, request: AiRequest) -> None:
        known = self._answered.find(request.request_id)
        await _all_done([self._publish(replies.addressed(each, request)) for each in known])

    async def _publish(self, reply: AiReply) -> None:
        outcome = await self._publisher.publish(reply)
        if not outcome.accepted:
            message = f"{outcome.topic} did not accept an answer: {outcome.status}"
            raise RetryableError(message)


def _question(request: TextRequest) -> Question:
    return Question(
        request.request_id,
        request.request_id,
        request.text,
        request.occurred_at,
        remembered=False,
    )


async def _all_done(work: Sequence[Coroutine[object, object, None]]) -> None:
    """Run all of them to their end, also when one fails: a redone batch must not meet leftovers."""
    _raise_first(await asyncio.gather(*work, return_exceptions=True))


def _raise_first(outcomes: Sequence[BaseException | None]) -> None:
    for outcome in outcomes:
        if outcome is not None:
            raise outcome
