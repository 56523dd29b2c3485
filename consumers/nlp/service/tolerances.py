"""How near is near enough, per language: what a multilingual encoder needs to be told of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from consumers.nlp.ports import Embedder, Matrix, Vector
from consumers.nlp.service.calibration import fit_threshold
from consumers.nlp.service.heads import IntentHead
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.language import DEFAULT_LANGUAGE
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
    Fit on what the translations give: labels and titles in scope, `out_of_scope` out of it.

    None of these sentences has the head learnt, and none is a question of an evaluation.
    """
    if not embedder.multilingual:
        return Tolerances()
    whole = embedder.embed_passages([f"{each.title}. {each.text}" for each in knowledge.snippets])
    titles = embedder.embed([each.title for each in knowledge.snippets])
    texts = embedder.embed_passages([each.text for each in knowledge.snippets])
    strangers = embedder.embed(knowledge.out_of_scope.examples)
    rows = np.concatenate([whole, titles])
    snippets = {DEFAULT_LANGUAGE: _nearness(_best(titles, texts), _best(strangers, rows))}
    scope: dict[str, float] = {}
    for language, translation in knowledge.translations.items():
        labels = [each.label for each in translation.intents.values() if each.label is not None]
        told = [each.title for each in translation.snippets.values()]
        outside = embedder.embed(translation.out_of_scope)
        if labels:
            threshold = fit_threshold(_scope(head, embedder, labels), _scope_of(head, outside))
            scope[language] = head.threshold - threshold
        if told:
            # A title is nearer to its own translation than a question is: only texts count here.
            inside = _best(embedder.embed(told), whole)
            snippets[language] = _nearness(inside, _best(outside, rows))
    return Tolerances(scope, snippets)


def _scope(head: IntentHead, embedder: Embedder, texts: Sequence[str]) -> Vector:
    return _scope_of(head, embedder.embed(texts))


def _scope_of(head: IntentHead, vectors: Matrix) -> Vector:
    return head.read_together(vectors).scope


def _best(questions: Matrix, rows: Matrix) -> Vector:
    return np.asarray((questions @ rows.T).max(axis=1), dtype=np.float32)


def _nearness(inside: Vector, outside: Vector) -> Nearness:
    enough = fit_threshold(inside, outside)
    related = float(np.quantile(outside, 1 - RELATED_BY_CHANCE))
    return Nearness(enough=enough, related=min(enough, related))
