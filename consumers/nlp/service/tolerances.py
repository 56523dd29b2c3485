"""How near is near enough, per language, and how sure that is: fitted when knowledge is learnt."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from consumers.nlp.ports import Embedder, Matrix, Vector
from consumers.nlp.service.calibration import fit_threshold
from consumers.nlp.service.heads import IntentHead
from consumers.nlp.service.knowledge import Knowledge, Snippet
from consumers.nlp.service.language import DEFAULT_LANGUAGE
from consumers.nlp.service.retrieval import MINILM, Nearness, SnippetIndex, embed_whole
from consumers.nlp.service.sureness import Sureness, fit_sureness
from consumers.nlp.service.voices import translated_snippets

# So many of the questions that no snippet answers may be told about as if one had to do with them;
# in other languages than English, where e5 parts the two, also as if one answered them.
RELATED_BY_CHANCE = 0.1
E5 = Sureness(even=0.855, steepness=70.0)
"""As fitted on the starter's English questions; it finds anything near to anything."""


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
    Fit on what the knowledge gives beside its examples, none of which the head has learnt.

    In scope is what is held out of the intents, or else their labels; out of it is
    `out_of_scope`, which may rarely find a snippet. An English encoder's bounds are known.
    """
    own = {DEFAULT_LANGUAGE: english_nearness(embedder, knowledge)}
    if not embedder.multilingual:
        return Tolerances(snippets=own)
    scope: dict[str, float] = {}
    foreign = translated_snippets(knowledge)
    index = SnippetIndex(embedder, knowledge.snippets, own, foreign)
    for language, translation in knowledge.translations.items():
        held_out = [text for text, _ in translation.held_out()]
        meant = held_out or _labels(translation.intents.values())
        strange = embedder.embed(translation.out_of_scope)
        if meant:
            inside = head.read_together(embedder.embed(meant)).scope
            outside = head.read_together(strange).scope
            scope[language] = head.threshold - fit_threshold(inside, outside)
        if foreign[language]:
            nearest = [index.ranked(vector, language, most=1)[0].score for vector in strange]
            enough = _rarely(np.array(nearest, dtype=np.float32))
            asked = tuple(foreign[language].values())
            fitted = _sureness(embedder, index, asked, translation.out_of_scope, language)
            sureness = fitted or own[DEFAULT_LANGUAGE].sureness
            own[language] = Nearness(enough=enough, related=enough, sureness=sureness)
    return Tolerances(scope, own)


def english_nearness(embedder: Embedder, knowledge: Knowledge) -> Nearness:
    """What a cosine to a snippet is worth for a question in English."""
    bounds = _english_bounds(embedder, knowledge) if embedder.multilingual else MINILM
    if not knowledge.snippets:
        return bounds
    index = SnippetIndex(embedder, knowledge.snippets)
    strange = knowledge.out_of_scope.examples
    fitted = _sureness(embedder, index, knowledge.snippets, strange, DEFAULT_LANGUAGE)
    return replace(bounds, sureness=fitted or bounds.sureness)


def _sureness(
    embedder: Embedder,
    index: SnippetIndex,
    asked: Sequence[Snippet],
    strange: Sequence[str],
    language: str,
) -> Sureness | None:
    """
    Fit on each snippet's questions, which must find it, and strange ones, which none answers.

    None without questions enough to fit it on.
    """
    wanted = [(text, each.id) for each in asked for text in each.questions]
    wanted += [(text, "") for text in strange]
    vectors = embedder.embed([text for text, _ in wanted])
    found = [index.ranked(vector, language, most=1)[0] for vector in vectors]
    return fit_sureness(
        np.array([each.score for each in found], dtype=np.float32),
        np.array([each.snippet.id == id_ for each, (_, id_) in zip(found, wanted, strict=True)]),
    )


def _english_bounds(embedder: Embedder, knowledge: Knowledge) -> Nearness:
    """Fit on texts of snippets, which must find a title, and on sentences that must find none."""
    titles = embedder.embed([each.title for each in knowledge.snippets])
    inside = _best(embedder.embed([each.text for each in knowledge.snippets]), titles)
    strangers = [*knowledge.out_of_scope.examples, *_labels(knowledge.intents)]
    rows = np.concatenate([titles, embed_whole(embedder, knowledge.snippets)])
    outside = _best(embedder.embed(strangers), rows)
    enough = fit_threshold(inside, outside)
    return Nearness(enough=enough, related=min(enough, _rarely(outside)), sureness=E5)


def _rarely(outside: Vector) -> float:
    return float(np.quantile(outside, 1 - RELATED_BY_CHANCE))


class _Labelled(Protocol):
    @property
    def label(self) -> str | None: ...


def _labels(intents: Iterable[_Labelled]) -> list[str]:
    return [each.label for each in intents if each.label is not None]


def _best(questions: Matrix, rows: Matrix) -> Vector:
    return np.asarray((questions @ rows.T).max(axis=1), dtype=np.float32)
