"""Writes one answer with the language model and tells it, piece by piece, while it is written."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from consumers.nlp.errors import LanguageModelError
from consumers.nlp.ports import LanguageModel, Prompt, Usage
from consumers.nlp.service.analysis import Asked
from consumers.nlp.service.events import delta_of
from consumers.nlp.service.moderation import Moderation
from consumers.nlp.service.prompting import tells_the_rules
from producers.ports import EventPublisher
from runtime import metrics
from runtime.clock import HybridLogicalClock
from schemas.events.replies import Fallback, Moderated, StopReason

COALESCED_SECONDS = 0.04
"""Pieces that come within this time leave as one."""
HELD_CHARS = 32
"""A longer word, or a script without spaces, is not waited for."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass
class Draft:
    """An answer as far as it is written."""

    asked: Asked
    attempt: int
    language: str
    """ISO 639-1, of the question and so of the answer."""
    text: str = ""
    """Checked, and so free to be told; ends with a whole word while it is written."""
    held: str = ""
    """The word that is being written: half of it says nothing about it."""
    usage: Usage | None = None
    stopped: StopReason | None = None
    told: int = 0
    """So many characters have been told."""
    grown: asyncio.Event = field(default_factory=asyncio.Event)


class Drafter:
    """Writes drafts; who waits may give up at any time, and what is written by then stays."""

    def __init__(
        self,
        model: LanguageModel,
        deltas: EventPublisher,
        clock: HybridLogicalClock,
        moderation: Moderation,
        *,
        max_tokens: int,
        max_chars: int,
    ) -> None:
        self.model = model
        self._moderation = moderation
        self._deltas = deltas
        self._clock = clock
        self.max_tokens = max_tokens
        self._max_chars = max_chars

    def begin(self, asked: Asked, language: str) -> Draft:
        """Return an empty draft, whose attempt is higher than any that was begun before it."""
        return Draft(asked, (self._clock.stamp() - _EPOCH) // _MICROSECOND, language)

    async def write(self, draft: Draft, prompt: Prompt) -> None:
        """
        Write until the model has ended or the length is reached.

        Raises:
            LanguageModelError: it ended in a way that makes the text worth nothing.
        """
        telling = asyncio.create_task(self._tell(draft))
        try:
            async with aclosing(self.model.write(prompt, self.max_tokens)) as pieces:
                async for piece in pieces:
                    draft.usage = piece.usage or draft.usage
                    if piece.text:
                        self._grow(draft, piece.text)
                    if draft.stopped is not None:
                        return
            self._grow(draft, "", ended=True)
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    def _grow(self, draft: Draft, text: str, *, ended: bool = False) -> None:
        # A model's first word may come with a space in front; NUL has no place in an event.
        text = (draft.text + draft.held + text.replace("\x00", "")).lstrip()
        if len(text) >= self._max_chars:
            text, draft.stopped = text[: self._max_chars], StopReason.LENGTH
        if tells_the_rules(text):
            raise LanguageModelError(Fallback.GUARDED)
        whole = len(text) if ended or draft.stopped else _end_of_words(text)
        if self._moderation.refuses(text[:whole], draft.language, judged=len(draft.text)):
            metrics.ai_moderated.labels(Moderated.ANSWER).inc()
            raise LanguageModelError(Fallback.GUARDED, moderated=Moderated.ANSWER)
        draft.text, draft.held = text[:whole], text[whole:]
        draft.grown.set()

    async def _tell(self, draft: Draft) -> None:
        while True:
            await draft.grown.wait()
            draft.grown.clear()
            await self._tell_new(draft)
            await asyncio.sleep(COALESCED_SECONDS)

    async def _tell_new(self, draft: Draft) -> None:
        new = draft.text[draft.told :]
        if not new:
            return
        at = self._clock.stamp()
        delta = delta_of(draft.asked, draft.attempt, draft.told, new, at)
        # What did not arrive goes with the next piece, so that readers never see a hole.
        if (await self._deltas.publish(delta)).accepted:
            draft.told += len(new)
        else:
            draft.grown.set()


def _end_of_words(text: str) -> int:
    """Where the word that may not be whole yet begins."""
    tail = text[-HELD_CHARS:]
    word = next((at for at, sign in enumerate(reversed(tail)) if not sign.isalnum()), len(tail))
    return len(text) - word
