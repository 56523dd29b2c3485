"""Which answer is chosen."""

import pytest

from consumers.nlp.service.analysis import Answer, Question
from schemas.events.replies import ReplySource
from tests.unit.consumers.nlp.samples import (
    ORDER,
    RETURN,
    SNIPPET,
    AxisEmbedder,
    small_analyzer,
)


def answer(text: str, language: str | None = "en") -> Answer:
    """Return the answer to one message."""
    analyzer = small_analyzer(AxisEmbedder(), language)
    return analyzer.analyze([Question.alone(text)])[0].answer


def test_a_known_intent_is_answered_with_its_words() -> None:
    """The template is filled with what the message names."""
    given = answer(f"{ORDER} It is 48213")
    assert (given.text, given.source) == ("Order 48213 is on its way.", ReplySource.TEMPLATE)
    assert given.intent == "order_status"
    assert given.confidence > 0.9


def test_the_first_of_two_numbers_fills_the_slot() -> None:
    """People name what they are about before they go into details."""
    assert "48213" in answer(f"{ORDER} order 48213, not order 11111").text


def test_an_intent_for_colleagues_is_handed_over() -> None:
    """The intent's words are said, and a colleague is asked for."""
    given = answer(RETURN)
    assert (given.text, given.source) == ("A colleague helps you.", ReplySource.HANDOVER)


def test_a_fact_is_found_and_cited() -> None:
    """What no intent covers is looked up, and the snippet is named."""
    given = answer(SNIPPET)
    assert (given.text, given.source) == ("Plants travel on Mondays.", ReplySource.RETRIEVAL)
    assert [found.snippet.id for found in given.cited] == ["plants"]


def test_what_nobody_knows_goes_to_a_colleague() -> None:
    """Nothing is made up."""
    given = answer("tell me a joke")
    assert (given.text, given.source) == ("A colleague will answer.", ReplySource.HANDOVER)
    assert given.intent is None


@pytest.mark.parametrize(("language", "text"), [("de", "Nur Englisch."), ("fi", "English only.")])
def test_other_languages_are_told_so_in_their_own(language: str, text: str) -> None:
    """An unlisted language gets the English wording."""
    given = answer(f"{ORDER} wo ist sie", language)
    assert (given.text, given.source) == (text, ReplySource.HANDOVER)
