"""Writes one text with the language model and tells it, piece by piece, while it is written."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from consumers.nlp.errors import LanguageModelError
from consumers.nlp.ports import LanguageModel, Prompt, Usage
from consumers.nlp.service.moderation import Moderation
from consumers.nlp.service.prompting import tells_the_rules
from runtime import metrics
from schemas.events.replies import Fallback, Moderated, StopReason

COALESCED_SECONDS = 0.04
"""Pieces that come within this time leave as one."""
HELD_CHARS = 32
"""A longer word, or a script without spaces, is not waited for."""

Tell = Callable[[int, str], Awaitable[bool]]
"""Tells what follows so many characters of a text; returns whether it arrived."""


async def tell_nobody(offset: int, text: str) -> bool:
    """`Tell` for a text that nobody reads before it is whole."""
    del offset, text
    return True


@dataclass
class Draft:
    """A text as far as it is written."""

    language: str
    """ISO 639-1, of what was asked and so of the text."""
    tell: Tell
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
        moderation: Moderation,
        *,
        max_tokens: int,
        max_chars: int,
    ) -> None:
        self.model = model
        self._moderation = moderation
        self.max_tokens = max_tokens
        self._max_chars = max_chars

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
        # What did not arrive goes with the next piece, so that readers never see a hole.
        if await draft.tell(draft.told, new):
            draft.told += len(new)
        else:
            draft.grown.set()


def _end_of_words(text: str) -> int:
    """Where the word that may not be whole yet begins."""
    tail = text[-HELD_CHARS:]
    word = next((at for at, sign in enumerate(reversed(tail)) if not sign.isalnum()), len(tail))
    return len(text) - word
