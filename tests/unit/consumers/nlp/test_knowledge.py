"""What an intent may say, and what changes a knowledge base."""

import pytest
from pydantic import ValidationError

from consumers.nlp.service.knowledge import Intent
from tests.unit.consumers.nlp.samples import small_knowledge

EIGHT = tuple(f"sentence {at}" for at in range(8))


def test_answer_is_filled_from_entities() -> None:
    """A slot takes the value found in the message."""
    order, _ = small_knowledge().intents
    assert order.reply({"order_number": "48213"}) == "Order 48213 is on its way."


def test_answer_without_its_slot_has_its_own_wording() -> None:
    """Nobody ever reads a brace."""
    order, _ = small_knowledge().intents
    assert order.reply({}) == "It is on its way."


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"answer": "Hello {name}", "answer_without_slots": "Hello"}, "unknown slot 'name'"),
        ({"answer": "About {order_number}"}, "needs answer_without_slots"),
        ({"answer": "Yes", "answer_without_slots": "No {date}"}, "has a slot"),
        ({"answer": "Yes", "examples": EIGHT[:3]}, "at least 8"),
        ({"answer": "Yes", "name": "Not A Name"}, "match pattern"),
        ({"answer": "Yes", "colour": "red"}, "not permitted"),
    ],
)
def test_an_unusable_intent_is_refused(changes: dict[str, object], complaint: str) -> None:
    """Each rule has its own complaint."""
    fields = {"name": "one", "title": "One", "examples": EIGHT, "held_out": ("x",)} | changes
    with pytest.raises(ValidationError, match=complaint):
        Intent.model_validate(fields)


def test_digest_is_of_what_is_said() -> None:
    """Order does not count, a changed word does."""
    knowledge = small_knowledge()
    turned = knowledge.model_copy(update={"intents": knowledge.intents[::-1]})
    first = knowledge.intents[0].model_copy(update={"answer": "Another."})
    changed = knowledge.model_copy(update={"intents": (first, knowledge.intents[1])})
    assert knowledge.sha256 == turned.sha256
    assert knowledge.sha256 != changed.sha256
