"""Leaves a language model alone that fails again and again, or says nothing."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta

from purgatory import AsyncCircuitBreakerFactory
from purgatory.domain.model import OpenedState

from consumers.nlp.errors import LanguageModelError
from consumers.nlp.ports import LanguageModel, Piece, Prompt
from schemas.events.replies import Fallback

_CIRCUIT = "language-model"
# Who gives up waiting says nothing about the model.
_NO_FAILURE = [asyncio.CancelledError, GeneratorExit]


class BrokenCircuit:
    """A model behind a breaker; see `consumers.nlp.ports.LanguageModel`."""

    def __init__(
        self, model: LanguageModel, *, failures: int, rest: timedelta, silence: timedelta
    ) -> None:
        self._model = model
        self._silence = silence.total_seconds()
        self._breakers = AsyncCircuitBreakerFactory(
            default_threshold=failures,
            default_ttl=rest.total_seconds(),
            exclude=list(_NO_FAILURE),
        )

    @property
    def name(self) -> str:
        """The model's."""
        return self._model.name

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[Piece, None]:
        """See `LanguageModel`; at once refused while the model is left alone."""
        breaker = await self._breakers.get_breaker(_CIRCUIT)
        try:
            async with breaker, aclosing(self._model.write(prompt, max_tokens)) as pieces:
                while (piece := await self._next(pieces)) is not None:
                    yield piece
        except OpenedState as error:
            raise LanguageModelError(Fallback.CIRCUIT_OPEN) from error

    async def _next(self, pieces: AsyncGenerator[Piece, None]) -> Piece | None:
        try:
            async with asyncio.timeout(self._silence):
                return await anext(pieces, None)
        except TimeoutError as error:
            raise LanguageModelError(Fallback.SILENT) from error
