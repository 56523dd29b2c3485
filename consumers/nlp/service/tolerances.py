"""How near is near enough, per language: what a multilingual encoder needs to be told of each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

import numpy as np

from consumers.nlp.ports import Embedder, Matrix, Vector
from consumers.nlp.service.calibration import fit_threshold
from consumers.nlp.service.heads import IntentHead
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.language import DEFAULT_LANGUAGE
from consumers.nlp.service.library import translated_titles
from consumers.nlp.service.retrieval import MINILM, Nearness

# So many of the questions that no snippet answers may be told about as if one had to do with them.
RELATED_BY_CHANCE = 0.1


@dataclass(frozen=True, slots=True)
class Tolerances:
    """
    What is allowed for each language; the defaults are the English encoder's.

    A question in another language is farther from English examples than an English one, by an
    amount that is the encoder's: it holds for every head trained on its vectors.
    """

    scope: Mapping[str, float] = field(default_factory=dict)
    """Language → how far a scope score may lie below the head's threshold."""
    snippets: Mapping[str, Nearness] = field(default_factory=lambda: {DEFAULT_LANGUAGE: MINILM})
    """Language → when a snippet answers a question."""

    def scope_of(self, language: str) -> float:
        """A language that nothing was fitted for is allowed what the strictest other is."""
        if language == DEFAULT_LANGUAGE or not self.scope:
            return 0.0
        return self.scope.get(language, min(self.scope.values()))


def fit_tolerances(embedder: Embedder, knowledge: Knowledge, head: IntentHead) -> Tolerances:
    """
    Fit on what the translations give, none of which the head has learnt.

    In scope are the intents' labels, out of it `out_of_scope`. A snippet's text must find a title,
    as a question about it would; labels and what is out of scope must find none.
    """
    if not embedder.multilingual:
        return Tolerances()
    finder = _Finder(embedder, knowledge)
    strangers = [*knowledge.out_of_scope.examples, *_labels(knowledge.intents)]
    own = {DEFAULT_LANGUAGE: finder.nearness([each.text for each in knowledge.snippets], strangers)}
    scope: dict[str, float] = {}
    for language, translation in knowledge.translations.items():
        labels = _labels(translation.intents.values())
        if labels:
            inside = head.read_together(embedder.embed(labels)).scope
            outside = head.read_together(embedder.embed(translation.out_of_scope)).scope
            scope[language] = head.threshold - fit_threshold(inside, outside)
        texts = [each.text for each in translation.snippets.values()]
        if texts:
            own[language] = finder.nearness(texts, [*translation.out_of_scope, *labels])
    return Tolerances(scope, own)


class _Finder:
    """Finds snippets as their index does."""

    def __init__(self, embedder: Embedder, knowledge: Knowledge) -> None:
        self._embedder = embedder
        own = [each.title for each in knowledge.snippets]
        others = [list(titles.values()) for titles in translated_titles(knowledge)]
        self._titles = embedder.embed([*own, *chain.from_iterable(others)])
        self._whole = embedder.embed_passages(
            [f"{each.title}. {each.text}" for each in knowledge.snippets]
        )

    def nearness(self, texts: Sequence[str], strangers: Sequence[str]) -> Nearness:
        """Fit on texts that belong to some title, and on sentences that belong to none."""
        inside = _best(self._embedder.embed(texts), self._titles)
        rows = np.concatenate([self._titles, self._whole])
        outside = _best(self._embedder.embed(strangers), rows)
        enough = fit_threshold(inside, outside)
        related = float(np.quantile(outside, 1 - RELATED_BY_CHANCE))
        return Nearness(enough=enough, related=min(enough, related))


class _Labelled(Protocol):
    @property
    def label(self) -> str | None: ...


def _labels(intents: Iterable[_Labelled]) -> list[str]:
    return [each.label for each in intents if each.label is not None]


def _best(questions: Matrix, rows: Matrix) -> Vector:
    return np.asarray((questions @ rows.T).max(axis=1), dtype=np.float32)
