"""Has a language model write a text within bounds, or says why there is none."""

import asyncio
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

import structlog

from consumers.nlp.errors import LanguageModelError
from consumers.nlp.ports import AnswerCache, Prompt, TokenBudget, Turn
from consumers.nlp.service.analysis import Analysis, Answer
from consumers.nlp.service.drafting import Draft, Drafter, Tell, tell_nobody
from consumers.nlp.service.patience import Patience
from consumers.nlp.service.prompting import prompt_for, tokens_of
from runtime.entities.finding import FoundBy
from runtime.entities.masking import redacted
from schemas.events.replies import Fallback, Moderated, ReplySource, StopReason

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class WritingLimits:
    """How much is written at once, and for how long."""

    deadline: float
    """Seconds from the beginning to the end of one text."""
    at_once: int
    waiting: int
    """Beyond so many that wait for their turn, nothing is written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Commission:
    """A text that is wanted of a language model."""

    prompt: Prompt
    language: str
    user_id: UUID | None
    """Whose budget pays for it; without anybody's nothing is written."""
    flagged: bool
    """Whether what was asked is too abusive to be given to a model."""
    key: str | None = None
    """Names what was asked, when the answer would be the same whoever asks it, and when."""


@dataclass(frozen=True, slots=True)
class Written:
    """What has become of a commission."""

    text: str = ""
    """Empty when `fallback` says why there is none, or somebody has stopped it too soon."""
    model: str | None = None
    """Who wrote it."""
    cached: bool = False
    stopped: StopReason | None = None
    fallback: Fallback | None = None
    moderated: Moderated | None = None


def answer_of(plain: Answer, written: Written) -> Answer:
    """The answer that was written, or the plain one and why it is that."""
    if written.fallback is not None:
        return replace(plain, fallback=written.fallback, moderated=written.moderated)
    return replace(
        plain,
        text=written.text,
        source=ReplySource.MODEL,
        cited=plain.grounds,
        model=written.model,
        cached=written.cached,
        stopped=written.stopped,
    )


class Writer:
    """
    Writes a few texts at once; the others wait for their turn.

    Failure: none is raised; when the model cannot write, `Written` says why. `version` names
    models and knowledge as of now.
    """

    def __init__(
        self,
        *,
        drafter: Drafter,
        cache: AnswerCache,
        budget: TokenBudget,
        limits: WritingLimits,
        version: Callable[[], str],
    ) -> None:
        self._drafter = drafter
        self._cache = cache
        self._budget = budget
        self._limits = limits
        self._version = version
        self._room = asyncio.Semaphore(limits.at_once)
        self._in_line = 0

    def commission(
        self,
        text: str,
        analysis: Analysis,
        user_id: UUID | None,
        *,
        before: Sequence[Turn] = (),
        again: bool = False,
    ) -> Commission:
        """An answer to an understood question; `again` when the one there is will not do."""
        understood = analysis.understanding
        question = redacted(text, understood.entities)
        return Commission(
            prompt=prompt_for(question, analysis.answer.grounds, before, understood.language),
            language=understood.language,
            user_id=user_id,
            flagged=understood.flagged,
            key=None if again or before else self._cache_key(text, analysis),
        )

    async def write(
        self,
        wanted: Commission,
        tell: Tell = tell_nobody,
        *,
        patience: Patience | None = None,
        stop: asyncio.Event | None = None,
    ) -> Written:
        """Write the text, or find it, before the deadline and as long as `patience` holds."""
        self._in_line += 1
        try:
            return await self._found_or_new(
                wanted,
                Draft(wanted.language, tell),
                patience or Patience(self._limits.deadline, self._limits.deadline),
                stop or asyncio.Event(),
            )
        except LanguageModelError as error:
            return Written(fallback=error.reason, moderated=error.moderated)
        except Exception as error:  # noqa: BLE001 - the boundary of this work: somebody waits
            logger.warning("writing_failed", error=type(error).__name__)
            return Written(fallback=Fallback.FAILED)
        finally:
            self._in_line -= 1

    async def _found_or_new(
        self, wanted: Commission, draft: Draft, patience: Patience, stop: asyncio.Event
    ) -> Written:
        model = self._drafter.model.name
        known = None if wanted.key is None else await self._cache.find(wanted.key)
        if known is not None:
            return Written(known, model, cached=True)
        await self._draft(wanted, draft, patience, stop)
        text = draft.text.rstrip()
        if not text and draft.stopped is not StopReason.PERSON:
            late = draft.stopped is StopReason.DEADLINE
            return Written(fallback=Fallback.DEADLINE if late else Fallback.FAILED)
        if wanted.key is not None and draft.stopped is None:
            await self._cache.keep(wanted.key, text)
        return Written(text, model, stopped=draft.stopped)

    async def _draft(
        self, wanted: Commission, draft: Draft, patience: Patience, stop: asyncio.Event
    ) -> None:
        """Write until it is done, somebody says stop, or nobody waits any longer."""
        writing = asyncio.create_task(self._write(wanted, draft))
        stopping = asyncio.create_task(stop.wait())
        first = min(patience.first, self._limits.deadline)
        rest = min(patience.whole, self._limits.deadline) - first
        try:
            done = await _first_of(writing, stopping, first)
            if not done and draft.text and rest > 0:
                done = await _first_of(writing, stopping, rest)
        finally:
            for task in (writing, stopping):
                task.cancel()
            outcome, _ = await asyncio.gather(writing, stopping, return_exceptions=True)
        if writing in done:
            if isinstance(outcome, BaseException):
                raise outcome
        else:
            draft.stopped = StopReason.PERSON if stopping in done else StopReason.DEADLINE

    async def _write(self, wanted: Commission, draft: Draft) -> None:
        if wanted.flagged:
            raise LanguageModelError(Fallback.GUARDED, moderated=Moderated.QUESTION)
        if self._in_line > self._limits.at_once + self._limits.waiting:
            raise LanguageModelError(Fallback.BUSY)
        reserved = tokens_of(wanted.prompt) + self._drafter.max_tokens
        async with self._room:
            # Who is not known, to an older gateway's request, has no budget.
            user = wanted.user_id
            if user is None or not await self._budget.reserve(user, reserved):
                raise LanguageModelError(Fallback.BUDGET)
            try:
                await self._drafter.write(draft, wanted.prompt)
            finally:
                used = tokens_of(wanted.prompt) + len(draft.text) // 4
                if draft.usage is not None:
                    used = draft.usage.prompt_tokens + draft.usage.answer_tokens
                await self._budget.give_back(user, reserved - used)

    def _cache_key(self, text: str, analysis: Analysis) -> str | None:
        understood = analysis.understanding
        if understood.flagged or any(
            each.found_by is not FoundBy.LIST for each in understood.entities
        ):
            return None
        said = " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).split())
        # Everybody may see the whole knowledge base; who may not would need a part here.
        parts = (self._drafter.model.name, self._version(), "everyone", understood.language, said)
        return hashlib.sha256("\x00".join(parts).encode()).hexdigest()


async def _first_of(
    one: asyncio.Task[None], other: asyncio.Task[bool], seconds: float
) -> set[asyncio.Task[None] | asyncio.Task[bool]]:
    """Those that are done, as soon as one of them is, or after so long."""
    tasks: set[asyncio.Task[None] | asyncio.Task[bool]] = {one, other}
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    return done
