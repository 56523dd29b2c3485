"""Has a language model say in its own words what was said, without learning who said it."""

import asyncio
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial

from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.chunks import in_chunks
from consumers.nlp.service.patience import Patience
from consumers.nlp.service.prompting import summary_prompt
from consumers.nlp.service.pseudonyms import Pseudonyms
from consumers.nlp.service.writer import Commission, Writer, Written
from runtime.entities.finding import SEARCHED_CHARS
from schemas.events.ai import Summarize
from schemas.text import REPLY_CHARS

READ_CHARS = 8_000
"""Of a longer talk a model with 4,096 tokens of context would not read the end."""


class WrittenSummaries:
    """Summaries in a language model's words; `executor` must have one thread."""

    def __init__(self, analyzer: Analyzer, executor: Executor, writer: Writer) -> None:
        self._analyzer = analyzer
        self._executor = executor
        self._writer = writer

    def can_read(self, asked: Summarize) -> bool:
        """Whether the model can be told all of it, with all that is personal masked."""
        lengths = [len(turn.text) for turn in asked.turns]
        return sum(lengths) <= READ_CHARS and max(lengths) <= SEARCHED_CHARS

    async def write(self, asked: Summarize, patience: Patience) -> Written:
        """The summary, or why there is none."""
        names = Pseudonyms(turn.speaker for turn in asked.turns)
        written = await self._writer.write(await self._wanted(asked, names), patience=patience)
        return replace(written, text=names.shown(written.text)[:REPLY_CHARS])

    async def _wanted(self, asked: Summarize, names: Pseudonyms) -> Commission:
        texts = [turn.text for turn in asked.turns]
        loop = asyncio.get_running_loop()
        language = await loop.run_in_executor(
            self._executor, self._analyzer.language_of, "\n".join(texts)
        )
        screen = partial(self._analyzer.screened, language=language)
        chunks = await in_chunks(self._executor, screen, texts)
        screened = [each for chunk in chunks for each in chunk]
        said = [
            (names.of(turn.speaker), names.hidden(each.text))
            for turn, each in zip(asked.turns, screened, strict=True)
        ]
        return Commission(
            prompt=summary_prompt(said, asked.sentences, language),
            language=language,
            user_id=asked.user_id,
            flagged=any(each.flagged for each in screened),
        )
