"""Finds the snippet a question is about, by the cosine of their vectors."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from itertools import zip_longest
from types import MappingProxyType
from typing import Protocol

import numpy as np

from consumers.nlp.ports import Embedder, Vector
from consumers.nlp.service.knowledge import Snippet
from consumers.nlp.service.language import DEFAULT_LANGUAGE

GROUNDS = 2


@dataclass(frozen=True, slots=True)
class Nearness:
    """What a cosine to a snippet is worth."""

    enough: float
    """From here on the snippet is an answer."""
    related: float
    """Below `enough` it is none, but from here on it may hold what one can be made of."""


MINILM = Nearness(enough=0.38, related=0.3)
"""Questions that a snippet answers score 0.4-0.8 with MiniLM, unrelated ones up to 0.3."""


@dataclass(frozen=True, slots=True)
class Found:
    """A snippet and its cosine to the question."""

    snippet: Snippet
    score: float


class Snippets(Protocol):
    """What may be said word for word, found by what a question is about."""

    def nearest(self, question: Vector, language: str = DEFAULT_LANGUAGE) -> Found | None:
        """The nearest snippet if it is near enough to a question in this language to answer it."""
        ...

    def related(self, question: Vector, language: str = DEFAULT_LANGUAGE) -> tuple[Found, ...]:
        """The nearest snippets that have to do with the question at all, the nearest first."""
        ...


class SnippetIndex:
    """All snippets with their vectors; questions must come from the same embedder."""

    def __init__(
        self,
        embedder: Embedder,
        snippets: Sequence[Snippet],
        nearness: Mapping[str, Nearness] = MappingProxyType({DEFAULT_LANGUAGE: MINILM}),
        titles: Sequence[Mapping[str, str]] = (),
    ) -> None:
        """`titles` are those in other languages, by snippet."""
        self._snippets = tuple(snippets)
        self._nearness = nearness
        whole = embedder.embed_passages([f"{each.title}. {each.text}" for each in snippets])
        own = embedder.embed([each.title for each in snippets])
        # A snippet without a title in some language holds the place with its own.
        others = (
            embedder.embed([language.get(each.id, each.title) for each in snippets])
            for language in titles
        )
        self._rows = (whole, own, *others)

    def __add__(self, other: "SnippetIndex") -> "SnippetIndex":
        """Both indexes as one; they must come from the same embedder."""
        both = copy(self)
        both._snippets = (*self._snippets, *other._snippets)
        mine, its = self._rows, other._rows
        # Whichever has titles in more languages, the other's own hold their places.
        both._rows = tuple(
            np.concatenate([mine[1] if one is None else one, its[1] if two is None else two])
            for one, two in zip_longest(mine, its)
        )
        return both

    def nearest(self, question: Vector, language: str = DEFAULT_LANGUAGE) -> Found | None:
        """The nearest snippet if it is near enough to a question in this language to answer it."""
        scores = self._scores(question)
        best = int(scores.argmax())
        score = float(scores[best])
        return (
            Found(self._snippets[best], score) if score >= self._bounds(language).enough else None
        )

    def related(self, question: Vector, language: str = DEFAULT_LANGUAGE) -> tuple[Found, ...]:
        """The nearest snippets that have to do with the question at all, the nearest first."""
        scores = self._scores(question)
        best = np.argsort(-scores)[:GROUNDS]
        found = (Found(self._snippets[at], float(scores[at])) for at in best)
        return tuple(each for each in found if each.score >= self._bounds(language).related)

    def _bounds(self, language: str) -> Nearness:
        """A language that nothing was fitted for is read like the strictest."""
        strictest = max(self._nearness.values(), key=lambda each: each.enough)
        return self._nearness.get(language, strictest)

    def _scores(self, question: Vector) -> Vector:
        # A short question is more like a title, a long one more like the whole snippet.
        scores: Vector = np.max([rows @ question for rows in self._rows], axis=0)
        return scores
