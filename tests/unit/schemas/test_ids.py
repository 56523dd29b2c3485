"""Ids are functions of what they identify."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from schemas import ids


@given(st.uuids(), st.uuids(), st.uuids())
def test_a_repeat_is_the_same_message(sender: UUID, conversation: UUID, client: UUID) -> None:
    """The same sender, conversation and client id give the same message, always."""
    assert ids.message_id(sender, conversation, client) == ids.message_id(
        sender, conversation, client
    )


@given(st.lists(st.tuples(st.uuids(), st.uuids(), st.uuids()), min_size=2, unique=True))
def test_different_messages_have_different_ids(messages: list[tuple[UUID, UUID, UUID]]) -> None:
    """Sender, conversation and client id all count, in their places."""
    assert len({ids.message_id(*message) for message in messages}) == len(messages)


@given(st.uuids())
def test_kinds_of_ids_never_meet(subject: UUID) -> None:
    """One subject has different ids as event, as derived event, per consumer and per type."""
    made = {
        ids.event_id("chat.message_sent.v1", subject),
        ids.derived_event_id("nlp", subject, "chat.reply_generated.v1"),
        ids.derived_event_id("nlp", subject, "insights.message_analyzed.v1"),
        ids.derived_event_id("audit", subject, "chat.reply_generated.v1"),
    }
    assert len(made) == 4


def test_ids_never_change_between_releases() -> None:
    """A changed derivation would double every message that is retried across an upgrade."""
    zero = UUID(int=0)
    assert str(ids.message_id(zero, zero, zero)) == "3085fb77-c3f3-5283-8869-25ede244ad73"
    assert str(ids.conversation_id(zero, zero)) == "dc7960ac-dddd-52ae-9c51-3ebab24b46e3"
    assert (
        str(ids.derived_event_id("nlp", zero, "chat.reply_generated.v1"))
        == "638b6bf1-799c-5e51-a396-ce71186a0518"
    )
    assert str(ids.ASSISTANT_ID) == "5df7a947-1094-573e-8dcf-bd7178a4d1a4"
