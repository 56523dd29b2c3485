"""Answers that a language model writes for seconds, beside those that take milliseconds."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from uuid import UUID

import structlog

from consumers.nlp.service.analysis import Analysis, Answer, Asked
from consumers.nlp.service.beside import Beside
from consumers.nlp.service.deltas import Deltas
from consumers.nlp.service.turns import Turns
from consumers.nlp.service.writer import Writer, answer_of
from runtime.errors import RetryableError
from schemas.events.chat import MessageSent
from schemas.events.replies import Fallback, StopReason

REMEMBERED_ANSWERS = 1_000
PATIENCE_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses before an answer is published again."""

logger = structlog.get_logger(__name__)

Publish = Callable[[Asked, Analysis], Awaitable[None]]
"""Puts the answer on the log; RetryableError when it did not get there."""


@dataclass
class _Generation:
    asked: Asked
    analysis: Analysis
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    cut: bool = False
    """A person has taken over: whatever is written is not said."""


class Generations:
    """
    Writes answers in the background: a few at once, one at a time in a conversation, in order.

    Idempotency: a question that comes again while its answer is being written, or shortly after,
    starts nothing. Failure: an answer is always given; when the model cannot, it is the one that
    would have been given without it, and says so. `stopped` says in each language that an answer
    was stopped before it had begun.
    """

    def __init__(
        self, writer: Writer, deltas: Deltas, beside: Beside, stopped: Callable[[str], str]
    ) -> None:
        self._writer = writer
        self._deltas = deltas
        self._beside = beside
        self._stopped = stopped
        self._open: dict[UUID, _Generation] = {}
        self._answered: OrderedDict[UUID, None] = OrderedDict()
        self.turns = Turns()

    @property
    def open(self) -> frozenset[UUID]:
        """The events whose answers are not on the log yet."""
        return frozenset(self._open)

    def begin(self, asked: Asked, analysis: Analysis, publish: Publish) -> None:
        """Write the answer in the background, and publish it."""
        if asked.event_id in self._open or asked.event_id in self._answered:
            return
        generation = self._open[asked.event_id] = _Generation(asked, analysis)
        work = partial(self._run, generation, publish)
        self._beside.begin(asked.conversation_id, work)

    def stop(self, question: UUID) -> None:
        """Want no more of this question's answer; what is written is the answer."""
        for generation in self._open.values():
            if generation.asked.message_id == question:
                generation.stop.set()

    def cut(self, conversation: UUID) -> None:
        """Say nothing of what is being written in this conversation: a person has taken over."""
        for generation in self._open.values():
            if generation.asked.conversation_id == conversation:
                generation.cut = True
                generation.stop.set()

    async def settle(self) -> None:
        """Wait a little for what is under way, and give up the rest: it comes again elsewhere."""
        await self._beside.settle()

    async def _run(self, generation: _Generation, publish: Publish) -> None:
        analysis, started = generation.analysis, time.perf_counter()
        if not generation.cut:
            answer = await self._surely(generation)
            analysis = analysis.saying(answer, time.perf_counter() - started)
        await self._publish(generation, analysis, publish)
        self._remember(generation, analysis.answer)
        # Not when it is cancelled: what is given up must stay uncommitted.
        del self._open[generation.asked.event_id]

    async def _surely(self, generation: _Generation) -> Answer:
        try:
            return await self._answer(generation)
        except Exception as error:  # noqa: BLE001 - else its question would stay open for ever
            logger.warning("generation_failed", error=type(error).__name__)
            return replace(generation.analysis.answer, fallback=Fallback.FAILED)

    async def _publish(self, generation: _Generation, analysis: Analysis, publish: Publish) -> None:
        tries = 0
        while True:
            # Looked at for each try: somebody may take over while the broker is away.
            said = replace(analysis.answer, withheld=generation.cut)
            try:
                return await publish(generation.asked, replace(analysis, answer=said))
            except RetryableError:
                # The question stays uncommitted meanwhile, so nothing is lost if we die here.
                pause = PATIENCE_SECONDS[min(tries, len(PATIENCE_SECONDS) - 1)]
            tries += 1
            await asyncio.sleep(pause)

    async def _answer(self, generation: _Generation) -> Answer:
        asked, analysis = generation.asked, generation.analysis
        attempt = self._deltas.begin()
        wanted = self._writer.commission(
            asked.text,
            analysis,
            asked.sender.id,
            before=self.turns.before(asked.conversation_id, asked.message_id),
            again=not isinstance(asked, MessageSent),
        )
        tell = self._deltas.teller(asked, attempt)
        written = await self._writer.write(wanted, tell, stop=generation.stop)
        if written.stopped is StopReason.PERSON and not written.text:
            written = replace(written, text=self._stopped(analysis.understanding.language))
        answer = answer_of(analysis.answer, written)
        return answer if written.cached else replace(answer, attempt=attempt)

    def _remember(self, generation: _Generation, answer: Answer) -> None:
        asked, understood = generation.asked, generation.analysis.understanding
        if not generation.cut:
            self.turns.note(asked, understood, answer.text)
        self._answered[asked.event_id] = None
        if len(self._answered) > REMEMBERED_ANSWERS:
            self._answered.popitem(last=False)
