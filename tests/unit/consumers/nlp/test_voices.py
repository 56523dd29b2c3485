"""Answers in the language of the question, and what happens where a translation ends."""

from dataclasses import replace
from uuid import uuid4

import pytest

from consumers.nlp.service.analysis import Analysis, Question
from consumers.nlp.service.knowledge import Snippet
from consumers.nlp.service.voices import voices_of
from schemas.events.replies import ReplySource
from tests.unit.consumers.nlp.foreign import (
    BESTELLUNG,
    PFLANZEN,
    UNKLAR,
    ZURUECK,
    foreign_analyzer,
    foreign_knowledge,
)


def talk(language: str, *texts: str) -> list[Analysis]:
    """Return what comes of a conversation's messages, one after the other."""
    start, analyzer = Question.alone(""), foreign_analyzer(language)
    return [analyzer.analyze([replace(start, message_id=uuid4(), text=text)])[0] for text in texts]


@pytest.mark.parametrize(
    ("language", "text", "source", "said"),
    [
        ("de", f"{BESTELLUNG} 48213", ReplySource.TEMPLATE, "Bestellung 48213 ist unterwegs."),
        ("de", BESTELLUNG, ReplySource.TEMPLATE, "Sie ist unterwegs."),
        ("de", PFLANZEN, ReplySource.RETRIEVAL, "Sie reisen montags."),
        ("de", "Erzähl einen Witz", ReplySource.HANDOVER, "Jemand antwortet Ihnen."),
        ("de", ZURUECK, ReplySource.HANDOVER, "Nur auf Englisch: A colleague helps you."),
        ("it", BESTELLUNG, ReplySource.TEMPLATE, "Solo in inglese: It is on its way."),
        ("it", PFLANZEN, ReplySource.RETRIEVAL, "Solo in inglese: Plants travel on Mondays."),
        ("fi", BESTELLUNG, ReplySource.HANDOVER, "English only."),
    ],
)
def test_answers_are_in_the_language_of_the_question(
    language: str, text: str, source: ReplySource, said: str
) -> None:
    """Translated where it is translated, else English with regret, else a colleague."""
    (analysis,) = talk(language, text)
    assert (analysis.answer.source, analysis.answer.text) == (source, said)


def test_an_english_encoder_hands_other_languages_over() -> None:
    """Translations change nothing for an encoder that cannot read the question."""
    analyzer = foreign_analyzer("de", multilingual=False)
    (analysis,) = analyzer.analyze([Question.alone(BESTELLUNG)])
    assert analysis.answer.text == "Nur Englisch."
    assert analysis.answer.source is ReplySource.HANDOVER


@pytest.mark.parametrize("pick", ["eins", "das erste bitte", "die Bestellung"])
def test_a_question_back_and_its_pick_are_in_german(pick: str) -> None:
    """By order or by name, in the words of the conversation's language."""
    asked, picked = talk("de", f"{UNKLAR} 48213", pick)
    assert asked.answer.text == "Geht es um Ihre Bestellung oder sending something back?"
    assert picked.answer.text == "Bestellung 48213 ist unterwegs."


def test_a_stop_is_told_in_german() -> None:
    """A language that is not spoken hears English."""
    analyzer = foreign_analyzer("de")
    assert analyzer.stopped("de") == "Aufgehört."
    assert analyzer.stopped("fi") == "I stopped before I had an answer."


def test_what_editors_wrote_in_a_language_needs_no_regret() -> None:
    """Documents have no translations; a German one is just right for a German."""
    voice = voices_of(foreign_knowledge(), multilingual=True)["de"]
    document = Snippet(id="house-rules", title="Regeln", text="Bitte leise sein.")
    assert voice.told(document, lambda _: "de").text == "Bitte leise sein."
    assert voice.told(document, lambda _: "en").text == "Nur auf Englisch: Bitte leise sein."


def test_a_language_model_gets_facts_in_the_persons_language() -> None:
    """Translated where there is a translation, and never with regret."""
    (german,), (italian,) = talk("de", PFLANZEN), talk("it", PFLANZEN)
    assert [each.snippet.text for each in german.answer.grounds] == ["Sie reisen montags."]
    assert [each.snippet.text for each in italian.answer.grounds] == ["Plants travel on Mondays."]
