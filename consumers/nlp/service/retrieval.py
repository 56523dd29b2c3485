"""Finds the snippet a question is about, by the cosine of their vectors."""

from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np

from consumers.nlp.ports import Embedder, Matrix, Vector
from consumers.nlp.service.knowledge import Snippet
from consumers.nlp.service.language import DEFAULT_LANGUAGE
from consumers.nlp.service.sureness import Sureness

GROUNDS = 2
# Of 136 questions of the starter's snippets that something is told about, 80 would be told two
# snippets, and 118 what answers them; with this share it is 43 and 116. What is not told is not
# read, which is most of the time until the first word (docs/nlp-benchmarks.md).
NEARLY_AS_LIKELY = 0.25
"""Of the nearest's odds, what a further snippet must have to be told beside it."""

_Rows = tuple[Matrix, ...]
"""What a question is compared with: one row per snippet in each."""


@dataclass(frozen=True, slots=True)
class Nearness:
    """What a cosine to a snippet is worth."""

    enough: float
    """From here on the snippet is an answer."""
    related: float
    """Below `enough` it is none, but from here on it may hold what one can be made of."""
    sureness: Sureness


MINILM = Nearness(enough=0.38, related=0.3, sureness=Sureness(even=0.363, steepness=12.7))
"""Questions that a snippet answers score 0.4-0.8 with MiniLM, unrelated ones up to 0.3; how sure
that is was fitted on the starter's questions."""


@dataclass(frozen=True, slots=True)
class Found:
    """A snippet and its cosine to the question."""

    snippet: Snippet
    score: float
    probability: float
    """That it answers the question."""

    @property
    def odds(self) -> float:
        """How much likelier it is to answer than not; never infinite."""
        return self.probability / max(1.0 - self.probability, 1e-9)


class Snippets(Protocol):
    """What may be said word for word, found by what a question is about."""

    def nearest(self, question: Vector, language: str = DEFAULT_LANGUAGE) -> Found | None:
        """The nearest snippet if it is near enough to a question in this language to answer it."""
        ...

    def related(self, question: Vector, language: str = DEFAULT_LANGUAGE) -> tuple[Found, ...]:
        """The nearest snippets that have to do with the question at all, the nearest first."""
        ...

    def ranked(
        self, question: Vector, language: str = DEFAULT_LANGUAGE, *, most: int
    ) -> tuple[Found, ...]:
        """So many snippets, the nearest first, however far they are."""
        ...


class SnippetIndex:
    """All snippets with their vectors; questions must come from the same embedder."""

    def __init__(
        self,
        embedder: Embedder,
        snippets: Sequence[Snippet],
        nearness: Mapping[str, Nearness] = MappingProxyType({DEFAULT_LANGUAGE: MINILM}),
        translations: Mapping[str, Mapping[str, Snippet]] = MappingProxyType({}),
    ) -> None:
        """`translations` are snippets in other languages, by language and id."""
        self._snippets = tuple(snippets)
        self._nearness = nearness
        whole = embed_whole(embedder, snippets)
        self._rows: _Rows = (whole, embedder.embed([each.title for each in snippets]))
        # A snippet that a language lacks holds its place with the original.
        self._foreign: dict[str, _Rows] = {
            language: (embed_whole(embedder, [known.get(each.id, each) for each in snippets]),)
            for language, known in translations.items()
        }

    def __add__(self, other: "SnippetIndex") -> "SnippetIndex":
        """Both indexes as one; they must come from the same embedder."""
        both = copy(self)
        both._snippets = (*self._snippets, *other._snippets)
        mine, its = self._rows, other._rows
        both._rows = _stacked(mine, its)
        # What one lacks in a language, it holds the place for with its originals.
        here, there = self._foreign, other._foreign
        both._foreign = {
            language: _stacked(here.get(language, mine), there.get(language, its))
            for language in here | there
        }
        return both

    def nearest(self, question: Vector, language: str = DEFAULT_LANGUAGE) -> Found | None:
        """The nearest snippet if it is near enough to a question in this language to answer it."""
        (best,) = self.ranked(question, language, most=1)
        return best if best.score >= self._bounds(language).enough else None

    def related(self, question: Vector, language: str = DEFAULT_LANGUAGE) -> tuple[Found, ...]:
        """
        The nearest snippets that have to do with the question at all, the nearest first.

        A further one only where it is nearly as likely to answer as the nearest.
        """
        found = self.ranked(question, language, most=GROUNDS)
        likely = NEARLY_AS_LIKELY * max((each.odds for each in found), default=0.0)
        related = self._bounds(language).related
        return tuple(each for each in found if each.score >= related and each.odds >= likely)

    def ranked(
        self, question: Vector, language: str = DEFAULT_LANGUAGE, *, most: int
    ) -> tuple[Found, ...]:
        """So many snippets, the nearest first, however far they are."""
        scores = self._scores(question, language)
        sureness = self._bounds(language).sureness
        nearest = ((at, float(scores[at])) for at in np.argsort(-scores, kind="stable")[:most])
        return tuple(Found(self._snippets[at], each, sureness.of(each)) for at, each in nearest)

    def _bounds(self, language: str) -> Nearness:
        """A language that nothing was fitted for is read like the strictest."""
        strictest = max(self._nearness.values(), key=lambda each: each.enough)
        return self._nearness.get(language, strictest)

    def _scores(self, question: Vector, language: str) -> Vector:
        # A short question is more like a title, a long one more like the whole snippet. In other
        # languages the whole is better alone: e5 finds any question near to a short title.
        compared = self._foreign.get(language, self._rows)
        scores: Vector = np.max([rows @ question for rows in compared], axis=0)
        return scores


def embed_whole(embedder: Embedder, snippets: Iterable[Snippet]) -> Matrix:
    """One row per snippet, of its title and text together."""
    return embedder.embed_passages([f"{each.title}. {each.text}" for each in snippets])


def _stacked(mine: _Rows, its: _Rows) -> _Rows:
    """Snippets of both; where one has no rows of titles, its whole snippets stand for them."""
    length = max(len(mine), len(its))
    padded = [(*rows, *rows[:1] * (length - len(rows))) for rows in (mine, its)]
    return tuple(np.concatenate(pair) for pair in zip(*padded, strict=True))
