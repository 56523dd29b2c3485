"""Counts what a language model is asked, says and costs."""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from consumers.nlp.errors import LanguageModelError
from consumers.nlp.ports import LanguageModel, Piece, Prompt
from runtime import metrics

ENDPOINT = "language-model"


class MeasuredModel:
    """A model with metrics; see `consumers.nlp.ports.LanguageModel`."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[Piece, None]:
        """See `LanguageModel`."""
        started, spoke, status = time.perf_counter(), False, "left"
        try:
            async with aclosing(self._model.write(prompt, max_tokens)) as pieces:
                async for piece in pieces:
                    if piece.text and not spoke:
                        spoke = True
                        metrics.ai_first_piece_seconds.observe(time.perf_counter() - started)
                    if piece.usage is not None:
                        metrics.ai_tokens.labels("prompt").inc(piece.usage.prompt_tokens)
                        metrics.ai_tokens.labels("answer").inc(piece.usage.answer_tokens)
                    yield piece
            status = "answered"
        except LanguageModelError as error:
            status = error.reason.value
            raise
        finally:
            metrics.ai_requests.labels(ENDPOINT, status).inc()
            metrics.ai_request_seconds.labels(ENDPOINT).observe(time.perf_counter() - started)
