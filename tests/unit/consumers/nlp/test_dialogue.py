"""Conversations of a few messages: asked back, picked, gone on about, by people with habits."""

from dataclasses import replace
from uuid import uuid4

import pytest

from consumers.nlp.service.analysis import Analysis, Question
from consumers.nlp.service.people import People
from schemas.events.replies import Context, ReplySource
from tests.unit.consumers.nlp.samples import (
    ORDER,
    SNIPPET,
    UNCLEAR,
    AxisEmbedder,
    profile,
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


def test_a_number_alone_goes_on_about_what_was_answered() -> None:
    """An order number by itself is no question; it belongs to the one before it."""
    _, answered = talk(ORDER, "and for order 48213?")
    assert answered.answer.text == "Order 48213 is on its way."
    assert answered.answer.context == (Context.PREVIOUS_INTENT,)
    assert answered.understanding.intent.intent == "order_status"
    assert answered.understanding.intent.in_scope


def test_a_number_named_before_stands_in_the_next_answer() -> None:
    """It is carried for as long as nothing newer is named, and the answer says so."""
    _, plant, again = talk(f"{ORDER} 48213", SNIPPET, ORDER)
    assert plant.answer.context == ()
    assert again.answer.text == "Order 48213 is on its way."
    assert again.answer.context == (Context.CARRIED_SLOTS,)
    newer = talk(f"{ORDER} 48213", f"{ORDER} 55120")[1]
    assert (newer.answer.text, newer.answer.context) == ("Order 55120 is on its way.", ())


def test_the_other_one_is_not_the_same_one() -> None:
    """The next number that was named, and then none at all."""
    said = [each.answer.text for each in talk(f"{ORDER} 48213, 55120", *["and the other one"] * 2)]
    numbered = ["Order 48213 is on its way.", "Order 55120 is on its way."]
    assert said == [*numbered, "It is on its way."]


def test_the_other_one_of_an_offer_is_what_was_not_picked() -> None:
    """After a pick the second choice is still at hand."""
    *_, other = talk(UNCLEAR, "2", "the other one")
    assert other.answer.source is ReplySource.HANDOVER
    *_, other = talk(UNCLEAR, "1", "the other one")
    assert other.answer.intent == "send_back"


def test_a_short_unclear_message_goes_on_when_it_begins_like_that() -> None:
    """The words that open a follow-up make the difference."""
    assert talk(ORDER, "and pears")[1].answer.intent == "order_status"
    assert talk(ORDER, "pears")[1].answer.source is ReplySource.HANDOVER
    assert talk("and pears")[0].answer.source is ReplySource.HANDOVER


@pytest.mark.parametrize(
    "text", ["and who sells pears", "and pears apples plums grapes", f"and {SNIPPET}"]
)
def test_a_question_of_its_own_is_answered_as_such(text: str) -> None:
    """Question words, many words, or an answer of its own: nothing is put into it."""
    answered = talk(ORDER, text)[1].answer
    assert answered.intent is None
    assert answered.context == ()


def test_what_is_strange_goes_to_a_colleague() -> None:
    """However it begins."""
    start, analyzer = Question.alone(ORDER), small_analyzer(AxisEmbedder(), strange=True)
    analyzer.analyze([start])
    (answered,) = analyzer.analyze([replace(start, message_id=uuid4(), text="and pears")])
    assert answered.answer.source is ReplySource.HANDOVER


def test_a_habit_decides_between_two_intents() -> None:
    """Who mostly asks about orders is not asked back; the answer says why."""
    ada, people = uuid4(), People()
    asked = replace(Question.alone(UNCLEAR), user_id=ada)
    analyzer = small_analyzer(AxisEmbedder(), people=people)
    (before,) = analyzer.analyze([asked])
    assert before.answer.source is ReplySource.CLARIFY
    people.take([profile(ada, intents={"order_status": 4, "send_back": 1})])
    other = replace(asked, conversation_id=uuid4())
    (after,) = analyzer.analyze([other])
    assert (after.answer.source, after.answer.intent) == (ReplySource.TEMPLATE, "order_status")
    assert after.answer.context == (Context.PROFILE_INTENT,)


def test_a_short_message_is_taken_to_be_in_the_persons_language() -> None:
    """Until the conversation itself says which one it is in."""
    ada, people = uuid4(), People()
    people.take([profile(ada, language="de")])
    analyzer = small_analyzer(AxisEmbedder(), language="en", people=people)
    hello = replace(Question.alone("hallo"), user_id=ada)
    (answered,) = analyzer.analyze([hello])
    assert answered.understanding.language == "de"
    assert answered.answer.text == "Nur Englisch."
    assert answered.answer.context == (Context.PROFILE_LANGUAGE,)
    clear = replace(hello, message_id=uuid4(), text=ORDER)
    again = replace(hello, message_id=uuid4())
    clearly, then = analyzer.analyze([clear, again])
    assert clearly.understanding.language == then.understanding.language == "en"
    assert Context.PROFILE_LANGUAGE not in then.answer.context


def test_the_person_counts_in_their_own_conversations_only() -> None:
    """A question by itself is answered alike whoever asks."""
    ada, people = uuid4(), People()
    people.take([profile(ada, language="de", intents={"order_status": 9})])
    analyzer = small_analyzer(AxisEmbedder(), people=people)
    alone = replace(Question.alone(UNCLEAR), user_id=ada, remembered=False)
    assert analyzer.analyze([alone])[0].answer.source is ReplySource.CLARIFY


@pytest.mark.parametrize("text", ["and for order 48213?", "the other one", "1"])
def test_what_was_spoken_of_is_over_once_a_person_answers(text: str) -> None:
    """Neither topic nor offer outlives the silence, and in it nothing is taken up."""
    start, analyzer = Question.alone(ORDER), small_analyzer(AxisEmbedder())
    silent = replace(start, message_id=uuid4(), text="and for order 55120?", answered=False)
    after = replace(start, message_id=uuid4(), text=text)
    _, unsaid, answered = analyzer.analyze([start, silent, after])
    for each in (unsaid, answered):
        assert (each.answer.source, each.answer.intent) == (ReplySource.HANDOVER, None)
        assert each.answer.context == ()


def test_habits_do_not_count_where_a_person_answers() -> None:
    """Not even in what is understood: what it says would be what was told before."""
    ada, people = uuid4(), People()
    people.take([profile(ada, language="de", intents={"order_status": 9})])
    analyzer = small_analyzer(AxisEmbedder(), people=people)
    asked = replace(Question.alone("hallo"), user_id=ada)
    (said,) = analyzer.analyze([asked])
    (unsaid,) = analyzer.analyze([replace(asked, answered=False)])
    assert (said.understanding.language, unsaid.understanding.language) == ("de", "en")
