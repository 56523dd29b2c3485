"""How near is near enough, per language: what a multilingual encoder needs to be told of each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from consumers.nlp.ports import Embedder, Matrix, Vector
from consumers.nlp.service.calibration import fit_threshold
from consumers.nlp.service.heads import IntentHead
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.language import DEFAULT_LANGUAGE
from consumers.nlp.service.retrieval import MINILM, Nearness, embed_whole
from consumers.nlp.service.voices import translated_snippets

# So many of the questions that no snippet answers may be told about as if one had to do with them;
# in other languages than English, where e5 parts the two, also as if one answered them.
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

    In scope is what is held out of the intents, or else their labels; out of it is
    `out_of_scope`, which may rarely find a snippet.
    """
    if not embedder.multilingual:
        return Tolerances()
    own = {DEFAULT_LANGUAGE: _english_nearness(embedder, knowledge)}
    scope: dict[str, float] = {}
    foreign = translated_snippets(knowledge)
    for language, translation in knowledge.translations.items():
        held_out = [text for text, _ in translation.held_out()]
        meant = held_out or _labels(translation.intents.values())
        strange = embedder.embed(translation.out_of_scope)
        if meant:
            inside = head.read_together(embedder.embed(meant)).scope
            outside = head.read_together(strange).scope
            scope[language] = head.threshold - fit_threshold(inside, outside)
        if foreign[language]:
            known = [foreign[language].get(each.id, each) for each in knowledge.snippets]
            enough = _rarely(_best(strange, embed_whole(embedder, known)))
            own[language] = Nearness(enough=enough, related=enough)
    return Tolerances(scope, own)


def _english_nearness(embedder: Embedder, knowledge: Knowledge) -> Nearness:
    """Fit on texts of snippets, which must find a title, and on sentences that must find none."""
    titles = embedder.embed([each.title for each in knowledge.snippets])
    inside = _best(embedder.embed([each.text for each in knowledge.snippets]), titles)
    strangers = [*knowledge.out_of_scope.examples, *_labels(knowledge.intents)]
    rows = np.concatenate([titles, embed_whole(embedder, knowledge.snippets)])
    outside = _best(embedder.embed(strangers), rows)
    enough = fit_threshold(inside, outside)
    return Nearness(enough=enough, related=min(enough, _rarely(outside)))


def _rarely(outside: Vector) -> float:
    return float(np.quantile(outside, 1 - RELATED_BY_CHANCE))


class _Labelled(Protocol):
    @property
    def label(self) -> str | None: ...


def _labels(intents: Iterable[_Labelled]) -> list[str]:
    return [each.label for each in intents if each.label is not None]


def _best(questions: Matrix, rows: Matrix) -> Vector:
    return np.asarray((questions @ rows.T).max(axis=1), dtype=np.float32)
