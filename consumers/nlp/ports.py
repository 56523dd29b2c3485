"""What the nlp consumer's services need from the outside, named for the capability."""

from collections.abc import Sequence
from typing import Protocol

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

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row per text, in the given order."""
        ...


class LanguageDetector(Protocol):
    """Says which language a text is written in."""

    def detect(self, text: str) -> str | None:
        """ISO 639-1 code, or None when the text does not say it reliably."""
        ...


class ToneLexicon(Protocol):
    """Judges the tone of a text from its words."""

    def tone(self, text: str) -> float:
        """From -1 (negative) over 0 to 1 (positive)."""
        ...
