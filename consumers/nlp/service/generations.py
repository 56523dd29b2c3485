"""Answers that a language model writes for seconds, beside those that take milliseconds."""

import asyncio
import hashlib
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from uuid import UUID

import structlog

from consumers.nlp.errors import LanguageModelError
from consumers.nlp.ports import AnswerCache, TokenBudget
from consumers.nlp.service.analysis import Analysis, Answer, Asked
from consumers.nlp.service.drafting import Draft, Drafter
from consumers.nlp.service.prompting import prompt_for, tokens_of
from consumers.nlp.service.turns import Turns
from runtime.entities.finding import FoundBy
from runtime.entities.masking import redacted
from runtime.errors import RetryableError
from schemas.events.chat import MessageSent
from schemas.events.replies import Fallback, Moderated, ReplySource, StopReason

REMEMBERED_ANSWERS = 1_000
PATIENCE_SECONDS = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Pauses before an answer is published again."""
logger = structlog.get_logger(__name__)

Publish = Callable[[Asked, Analysis], Awaitable[None]]
"""Puts the answer on the log; RetryableError when it did not get there."""


@dataclass(frozen=True, kw_only=True)
class GenerationLimits:
    """How much is written at once, and for how long."""

    deadline: float
    """Seconds from the beginning to the end of one answer."""
    at_once: int
    waiting: int
    """Beyond so many that wait for their turn, questions are answered without the model."""
    settle: float
    """Seconds that a stopping process gives to what is under way."""


@dataclass
class _Generation:
    asked: Asked
    analysis: Analysis
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    cut: bool = False
    """A person has taken over: whatever is written is not said."""
    task: asyncio.Task[None] | None = None


class Generations:
    """
    Writes answers in the background: a few at once, one at a time in a conversation, in order.

    Idempotency: a question that comes again while its answer is being written, or shortly after,
    starts nothing. Failure: an answer is always given; when the model cannot, it is the one that
    would have been given without it, and says so. `version` names models and knowledge as of now.
    """

    def __init__(
        self,
        *,
        drafter: Drafter,
        cache: AnswerCache,
        budget: TokenBudget,
        limits: GenerationLimits,
        version: Callable[[], str],
        stopped: Callable[[str], str],
    ) -> None:
        self._drafter = drafter
        self._cache = cache
        self._budget = budget
        self._limits = limits
        self._version = version
        self._stopped = stopped
        self._room = asyncio.Semaphore(limits.at_once)
        self._open: dict[UUID, _Generation] = {}
        self._last_in: dict[UUID, asyncio.Task[None]] = {}
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
        before = self._last_in.get(asked.conversation_id)
        task = asyncio.create_task(self._run(generation, before, publish))
        generation.task = self._last_in[asked.conversation_id] = task

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
        tasks = [each.task for each in self._open.values() if each.task is not None]
        if not tasks:
            return
        _, late = await asyncio.wait(tasks, timeout=self._limits.settle)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _run(
        self, generation: _Generation, before: asyncio.Task[None] | None, publish: Publish
    ) -> None:
        asked = generation.asked
        try:
            if before is not None:
                await asyncio.wait([before])
            answer = generation.analysis.answer
            if not generation.cut:
                answer = await self._surely(generation)
            await self._publish(generation, answer, publish)
            self._remember(generation, answer)
            # Not when it is cancelled: what is given up must stay uncommitted.
            del self._open[asked.event_id]
        finally:
            if self._last_in.get(asked.conversation_id) is asyncio.current_task():
                del self._last_in[asked.conversation_id]

    async def _surely(self, generation: _Generation) -> Answer:
        try:
            return await self._answer(generation)
        except Exception as error:  # noqa: BLE001 - the boundary of this task: somebody waits
            logger.warning("generation_failed", error=type(error).__name__)
            return replace(generation.analysis.answer, fallback=Fallback.FAILED)

    async def _publish(self, generation: _Generation, answer: Answer, publish: Publish) -> None:
        tries = 0
        while True:
            # Looked at for each try: somebody may take over while the broker is away.
            said = replace(answer, withheld=generation.cut)
            try:
                return await publish(generation.asked, replace(generation.analysis, answer=said))
            except RetryableError:
                # The question stays uncommitted meanwhile, so nothing is lost if we die here.
                pause = PATIENCE_SECONDS[min(tries, len(PATIENCE_SECONDS) - 1)]
            tries += 1
            await asyncio.sleep(pause)

    async def _answer(self, generation: _Generation) -> Answer:
        asked, plain = generation.asked, generation.analysis.answer
        draft = self._drafter.begin(asked, generation.analysis.understanding.language)
        attempt = draft.attempt
        key = self._cache_key(generation)
        known = None if key is None else await self._cache.find(key)
        if known is not None:
            return replace(self._written(plain, known), cached=True)
        try:
            await self._draft(generation, draft)
        except LanguageModelError as error:
            return replace(plain, fallback=error.reason, moderated=error.moderated, attempt=attempt)
        text = draft.text.rstrip()
        if not text and draft.stopped is StopReason.PERSON:
            text = self._stopped(generation.analysis.understanding.language)
        if not text:
            late = draft.stopped is StopReason.DEADLINE
            reason = Fallback.DEADLINE if late else Fallback.FAILED
            return replace(plain, fallback=reason, attempt=attempt)
        if key is not None and draft.stopped is None:
            await self._cache.keep(key, text)
        return replace(self._written(plain, text), stopped=draft.stopped, attempt=attempt)

    def _written(self, plain: Answer, text: str) -> Answer:
        name = self._drafter.model.name
        return replace(plain, text=text, source=ReplySource.MODEL, cited=plain.grounds, model=name)

    async def _draft(self, generation: _Generation, draft: Draft) -> None:
        """Write until it is done, somebody says stop, or the deadline comes."""
        writing = asyncio.create_task(self._write(generation, draft))
        stopping = asyncio.create_task(generation.stop.wait())
        try:
            done, _ = await asyncio.wait(
                {writing, stopping},
                timeout=self._limits.deadline,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            for task in (writing, stopping):
                task.cancel()
            outcome, _ = await asyncio.gather(writing, stopping, return_exceptions=True)
        if writing in done:
            if isinstance(outcome, BaseException):
                raise outcome
        else:
            draft.stopped = StopReason.PERSON if stopping in done else StopReason.DEADLINE

    async def _write(self, generation: _Generation, draft: Draft) -> None:
        asked, analysis = generation.asked, generation.analysis
        if analysis.understanding.flagged:
            raise LanguageModelError(Fallback.GUARDED, moderated=Moderated.QUESTION)
        if len(self._open) > self._limits.at_once + self._limits.waiting:
            raise LanguageModelError(Fallback.BUSY)
        question = redacted(asked.text, analysis.understanding.entities)
        before = self.turns.before(asked.conversation_id, asked.message_id)
        prompt = prompt_for(
            question, analysis.answer.grounds, before, analysis.understanding.language
        )
        user, reserved = asked.sender.id, tokens_of(prompt) + self._drafter.max_tokens
        async with self._room:
            if not await self._budget.reserve(user, reserved):
                raise LanguageModelError(Fallback.BUDGET)
            try:
                await self._drafter.write(draft, prompt)
            finally:
                used = tokens_of(prompt) + len(draft.text) // 4
                if draft.usage is not None:
                    used = draft.usage.prompt_tokens + draft.usage.answer_tokens
                await self._budget.give_back(user, reserved - used)

    def _cache_key(self, generation: _Generation) -> str | None:
        """Name what was asked, when the answer would be the same whoever asks it, and when."""
        asked, understood = generation.asked, generation.analysis.understanding
        again = not isinstance(asked, MessageSent)
        if (
            again
            or understood.flagged
            or any(each.found_by is not FoundBy.LIST for each in understood.entities)
            or self.turns.before(asked.conversation_id, asked.message_id)
        ):
            return None
        said = " ".join(re.sub(r"[^\w\s]", " ", asked.text.casefold()).split())
        # Everybody may see the whole knowledge base; who may not would need a part here.
        parts = (self._drafter.model.name, self._version(), "everyone", understood.language, said)
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()

    def _remember(self, generation: _Generation, answer: Answer) -> None:
        asked, understood = generation.asked, generation.analysis.understanding
        if not generation.cut:
            self.turns.note(asked, understood, answer.text)
        self._answered[asked.event_id] = None
        if len(self._answered) > REMEMBERED_ANSWERS:
            self._answered.popitem(last=False)
