"""Picks the sentences that stand for a conversation: near its centre, and unlike each other.

The centre is the mean of the sentences' vectors (Radev et al., "Centroid-based summarization of
multiple documents", 2004); each next sentence is chosen by maximal marginal relevance (Carbonell
and Goldstein, "The use of MMR", 1998).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from consumers.nlp.ports import Matrix
from schemas.events.ai import Turn

# Tried on talks of our own: with 0.7 and less, greetings win by being unlike all the rest.
RELEVANCE = 0.8
# The same said twice; the second comes last, however central it is.
SAME = 0.95
# "Hello." and "Thanks!" are near every centre and say nothing.
FEWEST_WORDS = 3
MOST_SENTENCES_READ = 240
"""The newest are read; each costs about two milliseconds of the only inference thread."""
SENTENCE_CHARS = 600

_END = re.compile(r"(?<=[.!?\u3002\uff01\uff1f])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and the turn it is from."""

    turn: int
    speaker: str
    text: str


@dataclass(frozen=True, slots=True)
class Picked:
    """A sentence with its cosine to the centre of all."""

    sentence: Sentence
    score: float


def sentences_of(turns: Sequence[Turn]) -> list[Sentence]:
    """The sentences worth comparing, in their order; all of them when every one is short."""
    every = [
        Sentence(at, turn.speaker, text[:SENTENCE_CHARS])
        for at, turn in enumerate(turns)
        for part in _END.split(turn.text)
        if (text := " ".join(part.split()))
    ]
    telling = [each for each in every if len(each.text.split()) >= FEWEST_WORDS]
    return (telling or every)[-MOST_SENTENCES_READ:]


def pick(sentences: Sequence[Sentence], vectors: Matrix, count: int) -> list[Picked]:
    """At most `count` sentences in the order of the original; `vectors` are theirs, row by row."""
    if not sentences:
        return []
    centre = vectors.mean(axis=0)
    length = float(np.linalg.norm(centre))
    relevance = vectors @ (centre / length if length else centre)
    chosen: list[int] = []
    while len(chosen) < min(count, len(sentences)):
        repeats = (vectors @ vectors[chosen].T).max(axis=1) if chosen else np.zeros(len(sentences))
        worth = RELEVANCE * relevance - (1 - RELEVANCE) * repeats
        worth[repeats >= SAME] -= 1.0
        worth[chosen] = -np.inf
        chosen.append(int(worth.argmax()))
    return [Picked(sentences[at], round(float(relevance[at]), 4)) for at in sorted(chosen)]
