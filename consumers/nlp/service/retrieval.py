"""Finds the snippet a question is about, by the cosine of their vectors."""

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass

import numpy as np

from consumers.nlp.ports import Embedder, Vector
from consumers.nlp.service.knowledge import Snippet

# Questions that a snippet answers score 0.4-0.8 with this model, unrelated ones up to 0.3.
ENOUGH = 0.38


@dataclass(frozen=True, slots=True)
class Found:
    """A snippet and its cosine to the question."""

    snippet: Snippet
    score: float


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
        # A short question is more like a title, a long one more like the whole snippet.
        scores = np.maximum(self._whole @ question, self._titles @ question)
        best = int(scores.argmax())
        score = float(scores[best])
        return Found(self._snippets[best], score) if score >= ENOUGH else None
