"""Tells the languages of the knowledge apart by their letters, where the detector cannot."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from consumers.nlp.ports import LanguageDetector
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.language import DEFAULT_LANGUAGE

READ_CHARS = 400
"""The beginning says enough."""
_GRAM = 3
_UNSEEN = 0.5
"""What a sequence counts as that a language has never shown."""
# Chosen on the knowledge's own sentences in folds, where everything from 2 to 8 did the same.
SURELY = 8.0
"""So much likelier, as a logarithm, another language must be to contradict the detector."""


class Lettering:
    """How often letters follow each other in each language, counted in texts of it."""

    def __init__(self, texts: Mapping[str, Iterable[str]]) -> None:
        counts = {
            language: Counter(gram for text in known for gram in _grams(text))
            for language, known in texts.items()
        }
        distinct = len(set().union(*counts.values()))
        self._counts = counts
        self._totals = {
            language: known.total() + _UNSEEN * distinct for language, known in counts.items()
        }

    @property
    def languages(self) -> frozenset[str]:
        """Those that it can tell apart."""
        return frozenset(self._counts)

    def likelihoods(self, text: str) -> dict[str, float]:
        """The logarithm of each language's likelihood; only differences mean anything."""
        grams = _grams(text[:READ_CHARS])
        return {
            language: sum(
                math.log((known[gram] + _UNSEEN) / self._totals[language]) for gram in grams
            )
            for language, known in self._counts.items()
        }


class LetteredDetector:
    """`consumers.nlp.ports.LanguageDetector` that knows better where texts of its own say so."""

    def __init__(
        self, detector: LanguageDetector, lettering: Lettering, answered: Collection[str]
    ) -> None:
        """`answered` are languages that people are answered in, known by their letters or not."""
        self._detector = detector
        self._lettering = lettering
        self._unlettered = frozenset(answered) - lettering.languages
        self.name = f"{detector.name}+letters"

    def detect(self, text: str) -> str | None:
        """What the detector is sure of, unless it took one of ours for another of ours."""
        detected = self._detector.detect(text)
        if detected not in self._lettering.languages:
            return detected
        found = self._lettering.likelihoods(text)
        likeliest = max(found, key=lambda each: found[each])
        return likeliest if found[likeliest] - found[detected] > SURELY else detected

    def guess(self, text: str) -> str | None:
        """The likeliest of ours; what is answered without texts of its own is left to CLD2."""
        guess = self._detector.guess(text)
        if guess is None or guess in self._unlettered:
            return guess
        found = self._lettering.likelihoods(text)
        return max(found, key=lambda each: found[each])


def lettering_of(knowledge: Knowledge) -> Lettering:
    """From all that the knowledge has learnt or says in each language."""
    texts = {
        DEFAULT_LANGUAGE: [
            *(text for each in knowledge.intents for text in (*each.examples, each.answer)),
            *(text for each in knowledge.snippets for text in (each.text, *each.questions)),
            *knowledge.out_of_scope.examples,
        ]
    }
    for language, translation in knowledge.translations.items():
        texts[language] = [
            *(
                text
                for each in translation.intents.values()
                for text in (*each.examples, each.answer)
            ),
            *(
                text
                for each in translation.snippets.values()
                for text in (each.text, *each.questions)
            ),
            *translation.out_of_scope,
        ]
    return Lettering(texts)


def _grams(text: str) -> list[str]:
    padded = f" {' '.join(text.casefold().split())} "
    return [padded[at : at + _GRAM] for at in range(len(padded) - _GRAM + 1)]
