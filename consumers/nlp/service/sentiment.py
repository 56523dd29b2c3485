"""A message's tone: a trained head that knows support talk, blended with a list of strong words."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from consumers.nlp.ports import Matrix, ToneLexicon, Vector
from consumers.nlp.service.heads import LinearHead

# The head leads: word lists call "how do I reset my password?" negative.
LEXICON_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Tone:
    """negative, neutral or positive, with its probability."""

    label: str
    score: float
    scores: tuple[tuple[str, float], ...] = ()
    """Every label with its probability, the likeliest first."""


class ToneReader:
    """Blends the head's probabilities with the lexicon's verdict."""

    def __init__(self, head: LinearHead, lexicon: ToneLexicon) -> None:
        self._head = head
        self._lexicon = lexicon

    @property
    def lexicon(self) -> str:
        """The word list's name and version."""
        return self._lexicon.name

    def read(self, texts: Sequence[str], vectors: Matrix) -> list[Tone]:
        """One tone per text; `vectors` are the texts' own."""
        learnt = self._head.probabilities(vectors)
        listed = np.array([self._listed(text) for text in texts], dtype=np.float32)
        blended = (1 - LEXICON_SHARE) * learnt + LEXICON_SHARE * listed
        best = blended.argmax(axis=1)
        return [
            Tone(
                self._head.labels[label],
                min(1.0, float(blended[row, label])),
                self._ordered(blended[row]),
            )
            for row, label in enumerate(best)
        ]

    def _ordered(self, shares: Vector) -> tuple[tuple[str, float], ...]:
        order = np.argsort(-shares, kind="stable")
        return tuple((self._head.labels[at], min(1.0, float(shares[at]))) for at in order)

    def _listed(self, text: str) -> list[float]:
        tone = self._lexicon.tone(text)
        shares = {
            "negative": max(-tone, 0.0),
            "neutral": 1.0 - abs(tone),
            "positive": max(tone, 0.0),
        }
        return [shares[label] for label in self._head.labels]
