"""Finds the snippet a question is about, by the cosine of their vectors."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from consumers.nlp.ports import Embedder, Vector
from consumers.nlp.service.knowledge import Snippet

# Questions that a snippet answers score 0.4-0.8 with this model, unrelated ones up to 0.3.
ENOUGH = 0.38
# Below that a snippet is no answer, but may hold what one can be made of.
RELATED = 0.3
GROUNDS = 2


@dataclass(frozen=True, slots=True)
class Found:
    """A snippet and its cosine to the question."""

    snippet: Snippet
    score: float


class Snippets(Protocol):
    """What may be said word for word, found by what a question is about."""

    def nearest(self, question: Vector) -> Found | None:
        """The nearest snippet if it is near enough to be an answer."""
        ...

    def related(self, question: Vector) -> tuple[Found, ...]:
        """The nearest snippets that have to do with the question at all, the nearest first."""
        ...


class SnippetIndex:
    """All snippets with their vectors; questions must come from the same embedder."""

    def __init__(self, embedder: Embedder, snippets: Sequence[Snippet]) -> None:
        self._snippets = tuple(snippets)
        self._whole = embedder.embed([f"{each.title}. {each.text}" for each in snippets])
        self._titles = embedder.embed([each.title for each in snippets])

    def __add__(self, other: "SnippetIndex") -> "SnippetIndex":
        """Both indexes as one; they must come from the same embedder."""
        both = copy(self)
        both._snippets = (*self._snippets, *other._snippets)
        both._whole = np.concatenate([self._whole, other._whole])
        both._titles = np.concatenate([self._titles, other._titles])
        return both

    def nearest(self, question: Vector) -> Found | None:
        """The nearest snippet if it is near enough to be an answer."""
        scores = self._scores(question)
        best = int(scores.argmax())
        score = float(scores[best])
        return Found(self._snippets[best], score) if score >= ENOUGH else None

    def related(self, question: Vector) -> tuple[Found, ...]:
        """The nearest snippets that have to do with the question at all, the nearest first."""
        scores = self._scores(question)
        best = np.argsort(-scores)[:GROUNDS]
        found = (Found(self._snippets[at], float(scores[at])) for at in best)
        return tuple(each for each in found if each.score >= RELATED)

    def _scores(self, question: Vector) -> Vector:
        # A short question is more like a title, a long one more like the whole snippet.
        scores: Vector = np.maximum(self._whole @ question, self._titles @ question)
        return scores
