"""A list of 15,442 English words with weights: a linear judge of abusive words, in microseconds."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from consumers.nlp.ports import Matrix, Vector

# As scikit-learn's TfidfVectorizer reads words, with which these were weighed.
_WORD = re.compile(r"\b\w\w+\b")


@dataclass(frozen=True, eq=False, slots=True)
class WordWeights:
    """
    What was learnt: several linear judges over the same words, each with its own calibration.

    `rarity` is one number per word, `weights` one row per word and one column per judge; a judge
    says 1 / (1 + exp(slope * (weights @ words + bias) + offset)).
    """

    words: tuple[str, ...]
    rarity: Vector
    weights: Matrix
    bias: Vector
    slope: Vector
    offset: Vector


class WordModerator:
    """Says how likely a text's words are abusive: the mean of its judges."""

    languages = frozenset({"en"})

    def __init__(self, name: str, learnt: WordWeights) -> None:
        self.name = name
        self._learnt = learnt
        self._at = {word: at for at, word in enumerate(learnt.words)}

    def scores(self, texts: Sequence[str]) -> list[float]:
        """From 0 to 1, one per text, in the given order."""
        return [self._score(text) for text in texts]

    def _score(self, text: str) -> float:
        learnt, said = self._learnt, Counter(_WORD.findall(text.lower()))
        known = [(self._at[word], times) for word, times in said.items() if word in self._at]
        margin = learnt.bias.astype(np.float64)
        if known:
            rows, times = zip(*known, strict=True)
            shares = np.array(times) * learnt.rarity[list(rows)]
            margin += (shares / np.linalg.norm(shares)) @ learnt.weights[list(rows)]
        judged = 1 / (1 + np.exp(learnt.slope * margin + learnt.offset))
        return float(judged.mean())
