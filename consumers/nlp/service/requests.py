"""Answers requests that come over REST, in the same chunks and by the same analyzer as messages."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Executor
from contextlib import aclosing, suppress
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import structlog

from consumers.nlp.service import request_replies as replies
from consumers.nlp.service.analysis import Analysis, Answer, Question
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.answered import Answered
from consumers.nlp.service.assistant import CHUNK
from consumers.nlp.service.audience import Asker, Audience, asker_of
from consumers.nlp.service.beside import Beside
from consumers.nlp.service.chunks import in_chunks
from consumers.nlp.service.events import require_accepted
from consumers.nlp.service.patience import Patience
from consumers.nlp.service.pieces import PieceSource, WholeAnswers
from consumers.nlp.service.summary import pick, sentences_of
from consumers.nlp.service.writer import Writer
from consumers.nlp.service.written_answers import WrittenAnswers
from consumers.nlp.service.written_summaries import WrittenSummaries
from producers.ports import EventPublisher
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.ai import (
    AiReply,
    AiRequest,
    FindSnippets,
    GenerateResponse,
    ListModels,
    ProcessMessage,
    ReadIntent,
    ReadSentiment,
    RequestLeft,
    Summarize,
    Summarized,
    WritingRequest,
)

if TYPE_CHECKING:
    from uuid import UUID

PAUSES_SECONDS = (0.2, 0.5, 1.0, 2.0)
"""Before an answer that was written beside the batches is published again; then nobody waits."""

logger = structlog.get_logger(__name__)

TextRequest = ProcessMessage | ReadSentiment | ReadIntent | GenerateResponse


class Requests:
    """
    Answers requests; what was asked is neither kept nor logged.

    Doing a request again gives the same answer for as long as it is remembered, and the same ids
    always, so any failure may be met by doing the whole batch again. `executor` must have one
    thread; long work is cut into chunks there, so that messages get their turn in between.
    With a `writer`, a language model answers as in chats; that goes on after `answer` returns.
    """

    def __init__(
        self,
        analyzer: Analyzer,
        publisher: EventPublisher,
        clock: HybridLogicalClock,
        executor: Executor,
        writer: Writer | None = None,
    ) -> None:
        self._analyzer = analyzer
        self._publisher = publisher
        self._clock = clock
        self._executor = executor
        self._source: PieceSource = WholeAnswers() if writer is None else WrittenAnswers(writer)
        self._summaries = None if writer is None else WrittenSummaries(analyzer, executor, writer)
        self._answered = Answered()
        self._beside = Beside()
        self._audience = Audience()

    async def answer(self, requests: Sequence[AiRequest]) -> None:
        """
        Publish an answer to each request, and write no more of those that nobody waits for.

        Returns when the broker has accepted all that does not wait for a language model.

        Raises:
            RetryableError: the broker did not accept an answer.
        """
        asked, left = _still_asked(requests)
        new, repeats = self._told_apart(asked)
        texts = [each for each in new if isinstance(each, TextRequest)]
        work: list[Awaitable[None]] = [self._understand(texts)]
        work += [self._summarize(each) for each in new if isinstance(each, Summarize)]
        work += [self._list_models(each) for each in new if isinstance(each, ListModels)]
        work += [self._find(each) for each in new if isinstance(each, FindSnippets)]
        await _all_done(work)
        known = [each for each in repeats if each.request_id not in self._beside]
        for each in repeats:
            if each.request_id in self._beside:
                self._begin(each, partial(self._repeat, each))
        await _all_done([self._repeat(each) for each in known])
        # At the end: a request and the word that nobody waits for it may come in one batch.
        for each in left:
            if self._audience.leave(each):
                self._beside.drop(each.request_id)

    async def settle(self) -> None:
        """Wait a little for what is being written, and give up the rest: nobody waits long."""
        await self._beside.settle()

    def _told_apart(self, requests: Sequence[AiRequest]) -> tuple[list[AiRequest], list[AiRequest]]:
        """Those to work, and those that repeat one of them or one that is remembered."""
        new: dict[UUID, AiRequest] = {}
        repeats: list[AiRequest] = []
        for request in requests:
            self._clock.observe(request.occurred_at)
            key = request.request_id
            if key in new or key in self._beside or self._answered.find(key):
                repeats.append(request)
            else:
                new[key] = request
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
            case ReadSentiment():
                await self._say(request, replies.sentiment_read(request, analysis, version, at))
            case ReadIntent():
                await self._say(request, replies.intent_read(request, analysis, version, at))
            case _ if self._source.takes_seconds(analysis):
                self._begin(request, partial(self._generate, request, question, analysis))
            case _:
                await self._generate(request, question, analysis)

    async def _generate(
        self,
        request: ProcessMessage | GenerateResponse,
        question: Question,
        analysis: Analysis,
    ) -> None:
        said: list[AiReply] = []
        publishing: list[asyncio.Task[None]] = []
        streamed = isinstance(request, GenerateResponse) and request.stream
        patience, started = self._patience(request, streamed=streamed), time.perf_counter()
        try:
            async with aclosing(self._source.pieces(question, analysis, patience)) as parts:
                async for part in parts:
                    if isinstance(part, Answer):
                        took = time.perf_counter() - started
                        said.append(self._whole(request, analysis.saying(part, took), len(said)))
                    elif streamed:
                        said.append(replies.piece(request, part, len(said), self._clock.stamp()))
                    else:
                        continue
                    # Not awaited: the next words are made while these are on their way, in order.
                    publishing.append(asyncio.create_task(self._publish(said[-1])))
            self._answered.keep(request.request_id, said)
        finally:
            outcomes = await asyncio.gather(*publishing, return_exceptions=True)
        _raise_first(outcomes)

    def _whole(
        self, request: ProcessMessage | GenerateResponse, analysis: Analysis, sequence: int
    ) -> AiReply:
        at = self._clock.stamp()
        if isinstance(request, ProcessMessage):
            return replies.processed(request, analysis, at)
        return replies.response(request, analysis, sequence, at)

    def _patience(self, request: AiRequest, *, streamed: bool = False) -> Patience:
        return Patience.until(request.answer_by, self._clock.stamp(), streamed=streamed)

    async def _summarize(self, request: Summarize) -> None:
        sentences = sentences_of(request.turns)
        texts = [each.text for each in sentences]
        vectors = await in_chunks(self._executor, self._analyzer.vectors, texts)
        picked = pick(sentences, np.concatenate(vectors), request.sentences)
        version, at = self._analyzer.model_version, self._clock.stamp()
        summary = replies.summarized(request, picked, version, at)
        if self._summaries is not None and self._summaries.can_read(request):
            self._begin(request, partial(self._rewrite, request, summary, self._summaries))
        else:
            await self._say(request, summary)

    async def _rewrite(
        self, request: Summarize, summary: Summarized, summaries: WrittenSummaries
    ) -> None:
        written = await summaries.write(request, self._patience(request))
        await self._say(request, replies.rewritten(summary, written))

    async def _list_models(self, request: ListModels) -> None:
        models = self._analyzer.models
        await self._say(request, replies.models_listed(request, models, self._clock.stamp()))

    async def _find(self, request: FindSnippets) -> None:
        loop = asyncio.get_running_loop()
        nearest = await loop.run_in_executor(
            self._executor, self._analyzer.nearest, request.text, request.most
        )
        await self._say(request, replies.snippets_found(request, nearest, self._clock.stamp()))

    async def _say(self, request: AiRequest, reply: AiReply) -> None:
        self._answered.keep(request.request_id, [reply])
        await self._publish(reply)

    def _begin(self, request: AiRequest, work: Callable[[], Awaitable[None]]) -> None:
        """Answer this beside the batches, as long as anybody waits for it."""
        self._audience.join(request)
        self._beside.begin(request.request_id, partial(self._patiently, request, work))

    async def _patiently(self, request: AiRequest, work: Callable[[], Awaitable[None]]) -> None:
        """
        Do what answers a request; what was not accepted is said again, with all before it.

        When that cannot be done, who waits is told so at once.
        """
        pauses: Sequence[float] = PAUSES_SECONDS
        try:
            with suppress(RetryableError):
                return await work()
        except Exception as error:  # noqa: BLE001 - the boundary of this work: somebody waits
            kind = type(error).__name__
            logger.warning("request_failed", endpoint=request.event_type, error=kind)
            pauses = (0.0, *PAUSES_SECONDS)
        finally:
            self._audience.forget(request.request_id)
        for pause in pauses:
            await asyncio.sleep(pause)
            with suppress(RetryableError):
                return await self._repeat(request)
        logger.warning("answer_not_published", endpoint=request.event_type)
        return None

    async def _repeat(self, request: AiRequest) -> None:
        """Say again what was answered; nothing is known where that was not possible."""
        known = self._answered.find(request.request_id)
        said = [replies.addressed(each, request) for each in known]
        said = said or [replies.failed(request, self._clock.stamp())]
        await _all_done([self._publish(each) for each in said])

    async def _publish(self, reply: AiReply) -> None:
        require_accepted(await self._publisher.publish(reply))


def _still_asked(requests: Sequence[AiRequest]) -> tuple[list[AiRequest], list[RequestLeft]]:
    """What is asked, and who has left without asking again behind it."""
    asked: list[AiRequest] = []
    left: dict[Asker, RequestLeft] = {}
    for each in requests:
        if isinstance(each, RequestLeft):
            left[asker_of(each)] = each
        else:
            left.pop(asker_of(each), None)
            asked.append(each)
    return asked, list(left.values())


def _question(request: TextRequest) -> Question:
    return Question(
        request.request_id,
        request.request_id,
        request.text,
        request.occurred_at,
        user_id=request.user_id if isinstance(request, WritingRequest) else None,
        remembered=False,
    )


async def _all_done(work: Sequence[Awaitable[None]]) -> None:
    """Run all of them to their end, also when one fails: a redone batch must not meet leftovers."""
    _raise_first(await asyncio.gather(*work, return_exceptions=True))


def _raise_first(outcomes: Sequence[BaseException | None]) -> None:
    for outcome in outcomes:
        if outcome is not None:
            raise outcome
