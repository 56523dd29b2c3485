"""What a conversation was offered, and for how long that counts."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from consumers.nlp.service import offers as module
from consumers.nlp.service.analysis import Question
from consumers.nlp.service.offers import Offer, Offers


def asked(question: Question, text: str, after: timedelta = timedelta(seconds=5)) -> Question:
    """Return the next message of the same conversation."""
    return replace(question, message_id=uuid4(), text=text, asked_at=question.asked_at + after)


def test_an_offer_is_open_for_the_next_message_only() -> None:
    """The message after the next one meets nothing."""
    offers, vague = Offers(), Question.alone("refund")
    offer = Offer(("one", "two"), (), vague.asked_at)
    offers.remember(vague, offer)
    pick = asked(vague, "the first")
    assert offers.open_for(pick) == offer
    assert offers.open_for(Question.alone("the first")) is None
    offers.remember(pick, None)
    assert offers.open_for(asked(pick, "the first")) is None


def test_a_message_worked_again_meets_the_same_offer() -> None:
    """A batch that is done again after an outage gives the same answers."""
    offers, vague = Offers(), Question.alone("refund")
    offer = Offer(("one", "two"), (), vague.asked_at)
    offers.remember(vague, offer)
    assert offers.open_for(vague) is None
    pick = asked(vague, "the first")
    for _ in range(3):
        assert offers.open_for(pick) == offer
        offers.remember(pick, None)


def test_an_old_offer_is_closed() -> None:
    """Who comes back later starts anew."""
    offers, vague = Offers(), Question.alone("refund")
    offers.remember(vague, Offer(("one", "two"), (), vague.asked_at))
    late = asked(vague, "1", module.PATIENCE + timedelta(seconds=1))
    assert offers.open_for(late) is None


def test_forgets_the_oldest_conversations() -> None:
    """Memory stays bounded however many conversations are unclear."""
    offers, vague = Offers(), Question.alone("refund")
    offer = Offer(("one", "two"), (), vague.asked_at)
    offers.remember(vague, offer)
    for _ in range(module.REMEMBERED_CONVERSATIONS):
        offers.remember(Question.alone("refund"), offer)
    assert offers.open_for(asked(vague, "1")) is None
