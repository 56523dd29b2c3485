"""What the nlp consumer's services need from the outside, named for the capability."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]


class Embedder(Protocol):
    """
    Turns text into unit vectors.

    A text's vector depends on the text alone, never on the texts beside it, so working a message
    twice gives the same answer. Vectors of embedders with different `name`s may not be compared.
    Calls block and may come from any thread.
    """

    @property
    def name(self) -> str:
        """Model and engine, e.g. `minilm-l6-v2/onnx-int8`."""
        ...

    @property
    def multilingual(self) -> bool:
        """Whether sentences that mean the same are near each other across languages."""
        ...

    @property
    def kernel_width(self) -> float:
        """How fast likeness fades with the cosine; engines spread their vectors differently."""
        ...

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row per message, example or title, in the given order."""
        ...

    def embed_passages(self, texts: Sequence[str]) -> Matrix:
        """One row per text that answers; comparable with `embed`'s."""
        ...


class LanguageDetector(Protocol):
    """Says which language a text is written in."""

    def detect(self, text: str) -> str | None:
        """ISO 639-1 code, or None when the text does not say it reliably."""
        ...

    def guess(self, text: str) -> str | None:
        """The likeliest code, reliable or not, or None when there is nothing to go by."""
        ...


class ToneLexicon(Protocol):
    """Judges the tone of a text from its words."""

    def tone(self, text: str) -> float:
        """From -1 (negative) over 0 to 1 (positive)."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """Something said in a conversation, as a language model is told of it."""

    speaker: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a language model is asked: the rules first, then what was said, the question last."""

    rules: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Usage:
    """What an answer cost, in the model's own tokens."""

    prompt_tokens: int
    answer_tokens: int


@dataclass(frozen=True, slots=True)
class Piece:
    """The next characters of an answer; `usage` comes with the last piece, when the model tells."""

    text: str
    usage: Usage | None = None


class LanguageModel(Protocol):
    """
    Writes text.

    Several answers may be written at once. Closing the generator, or cancelling who waits for it,
    ends the work on the model's side too.
    Failure: `LanguageModelError` only, from any step.
    """

    @property
    def name(self) -> str:
        """What a reply names as its model."""
        ...

    def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[Piece, None]:
        """The answer, piece by piece, of at most so many tokens."""
        ...


class AnswerCache(Protocol):
    """Answers that were given before. Never fails: what cannot be reached was never asked."""

    async def find(self, key: str) -> str | None:
        """The answer kept under this key."""
        ...

    async def keep(self, key: str, answer: str) -> None:
        """Keep an answer for a while."""
        ...


class TokenBudget(Protocol):
    """
    How many tokens a person may make a language model use in a while.

    Fails closed: when it cannot be found out, there is nothing left.
    """

    async def reserve(self, user_id: UUID, tokens: int) -> bool:
        """Take so many, or nothing and say no."""
        ...

    async def give_back(self, user_id: UUID, tokens: int) -> None:
        """Return what was reserved and not used; negative when more was used."""
        ...
