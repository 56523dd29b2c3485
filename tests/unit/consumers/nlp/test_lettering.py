"""Languages told apart by letters: where the detector is unsure, and where it mistakes ours."""

import pytest

from consumers.nlp.adapters.cld2_language import Cld2LanguageDetector
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.language import ENOUGH_WORDS, ConversationLanguages
from consumers.nlp.service.lettering import LetteredDetector, Lettering, lettering_of

TEXTS = {
    "en": ("where is the order that I have made", "what is the time there"),
    "es": ("¿dónde está el pedido que he hecho?", "qué hora es allí"),
}
SPANISH = "está el pedido allí"


class Detector:
    """Is sure of one language, or guesses one."""

    name = "scripted"

    def __init__(self, sure: str | None, guess: str | None = None) -> None:
        self._sure, self._guess = sure, guess

    def detect(self, text: str) -> str | None:
        """Return what it is sure of."""
        del text
        return self._sure

    def guess(self, text: str) -> str | None:
        """Return its guess."""
        del text
        return self._guess


def lettered(sure: str | None, guess: str | None = None) -> LetteredDetector:
    """Return the detector with two languages of ours, beside which Portuguese is answered."""
    return LetteredDetector(Detector(sure, guess), Lettering(TEXTS), ("es", "pt"))


@pytest.mark.parametrize("guess", ["en", "es", "id"])
def test_an_unsure_detector_is_helped(guess: str) -> None:
    """The letters choose among ours, whatever it would have guessed."""
    assert lettered(None, guess).detect(SPANISH) is None
    assert lettered(None, guess).guess(SPANISH) == "es"
    assert lettered(None, guess).guess("the order is there") == "en"


def test_a_sure_detector_is_contradicted_among_ours_alone() -> None:
    """And only where the letters are clear; another language is not ours to judge."""
    assert lettered("en").detect(SPANISH) == "es"
    assert lettered("es").detect(SPANISH) == "es"
    assert lettered("en").detect("xyz") == "en"
    assert lettered("fi").detect(SPANISH) == "fi"


def test_what_is_answered_without_texts_is_left_to_the_detector() -> None:
    """Its letters are not known; nothing to go by stays nothing."""
    assert lettered(None, "pt").guess(SPANISH) == "pt"
    assert lettered(None, None).guess("123") is None


def test_sentences_that_nothing_was_counted_in_are_told_apart(knowledge: Knowledge) -> None:
    """Held-out ones of three words and more; in no language worse than by the detector alone."""
    answered = knowledge.phrases.in_english
    alone = Cld2LanguageDetector()
    helped = LetteredDetector(alone, lettering_of(knowledge), answered)
    told = {"en": [text for intent in knowledge.intents for text in intent.held_out]}
    for language, translation in knowledge.translations.items():
        told[language] = [text for text, _ in translation.held_out()]
    shares = {
        language: [right(each, texts, language, answered) for each in (alone, helped)]
        for language, texts in told.items()
    }
    assert all(after >= before for before, after in shares.values()), shares
    assert all(after >= 0.95 for _, after in shares.values()), shares


def right(
    detector: Cld2LanguageDetector | LetteredDetector,
    texts: list[str],
    language: str,
    answered: dict[str, str],
) -> float:
    """The share of the longer texts that are taken for what they are."""
    languages = ConversationLanguages(detector, answered)
    longer = [text for text in texts if len(text.split()) >= ENOUGH_WORDS]
    return sum(languages.language_of_text(text) == language for text in longer) / len(longer)
