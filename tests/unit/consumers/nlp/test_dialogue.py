"""A conversation of two messages: asked back, and picked."""

from dataclasses import replace
from uuid import uuid4

import pytest

from consumers.nlp.service.analysis import Analysis, Question
from schemas.events.replies import ReplySource
from tests.unit.consumers.nlp.samples import (
    ORDER,
    SNIPPET,
    UNCLEAR,
    AxisEmbedder,
    small_analyzer,
)


def talk(*texts: str) -> list[Analysis]:
    """Return what comes of a conversation's messages, one after the other."""
    start, analyzer = Question.alone(""), small_analyzer(AxisEmbedder())
    return [analyzer.analyze([replace(start, message_id=uuid4(), text=text)])[0] for text in texts]


def test_a_close_call_is_asked_back() -> None:
    """Both options are named by their labels, and no intent is claimed."""
    (asked,) = talk(UNCLEAR)
    assert asked.answer.source is ReplySource.CLARIFY
    assert asked.answer.text == "Is it where your order is or sending something back?"
    assert asked.answer.options == ("order_status", "send_back")
    assert asked.answer.intent is None


@pytest.mark.parametrize("pick", ["1", "the first", "where it is"])
def test_a_pick_is_answered_with_what_was_said_before(pick: str) -> None:
    """The order number of the unclear message fills the answer to the pick."""
    _, picked = talk(f"{UNCLEAR} 48213", pick)
    assert picked.answer.text == "Order 48213 is on its way."
    assert (picked.answer.source, picked.answer.intent) == (ReplySource.TEMPLATE, "order_status")
    assert picked.understanding.intent.intent == "order_status"
    assert picked.understanding.intent.in_scope


def test_a_number_in_the_pick_is_newer() -> None:
    """What the pick names itself comes before what was said earlier."""
    assert "11111" in talk(f"{UNCLEAR} 48213", "1, order 11111")[1].answer.text


def test_neither_calls_a_colleague() -> None:
    """A person who means something else is not asked a second time."""
    _, answered = talk(UNCLEAR, "neither")
    assert (answered.answer.source, answered.answer.intent) == (ReplySource.HANDOVER, None)


def test_another_question_is_answered_as_such() -> None:
    """The offer does not hold anybody up."""
    assert talk(UNCLEAR, SNIPPET)[1].answer.source is ReplySource.RETRIEVAL
    assert talk(UNCLEAR, f"{ORDER} 48213")[1].answer.text == "Order 48213 is on its way."


def test_nobody_is_asked_twice_in_a_row() -> None:
    """The better guess is said instead; later messages may be asked about again."""
    sources = [each.answer.source for each in talk(UNCLEAR, UNCLEAR, UNCLEAR)]
    assert sources == [ReplySource.CLARIFY, ReplySource.TEMPLATE, ReplySource.CLARIFY]


def test_a_pick_without_an_offer_is_no_pick() -> None:
    """Out of the blue, a number means nothing."""
    assert talk("2")[0].answer.source is ReplySource.HANDOVER
