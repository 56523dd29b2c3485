"""Decoding: an event, or one clear reason."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.delivery.decode import decode
from consumers.delivery.ports import Headers, Record
from runtime.errors import InvalidEventError
from schemas import headers as names
from schemas.events.admin import ActionRecorded
from schemas.events.chat import MessageSent
from schemas.generate.examples import EXAMPLES
from schemas.topics import EVENT_TYPES, Topic
from tests.unit.consumers.delivery.samples import MESSAGE, record_of

GOOD = record_of(MESSAGE)
TYPED: Headers = ((names.TYPE, MESSAGE.event_type.encode()),)
POISON = [
    ("null_value", {"value": None}),
    ("schema_mismatch", {"value": b"\x00\xff garbage"}),
    ("schema_mismatch", {"value": b""}),
    ("schema_mismatch", {"value": b"[]"}),
    ("schema_mismatch", {"value": b'{"text": "secret words"}'}),
    ("schema_mismatch", {"value": b"[" * 100_000}),
    ("missing_type", {"headers": ()}),
    ("unknown_type", {"headers": ((names.TYPE, b"chat.never_heard_of.v9"),)}),
    ("wrong_topic", {"headers": ((names.TYPE, ActionRecorded.event_type.encode()),)}),
    ("wrong_topic", {"topic": "chat-replies"}),
    ("undecodable_header", {"headers": (*TYPED, ("x", b"\xc3("))}),
    ("undecodable_header", {"headers": ((names.TYPE, b"\xff"),)}),
    ("null_header", {"headers": (*TYPED, ("x", None))}),
    ("null_header", {"headers": ((names.TYPE, None),)}),
]


@pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: event.event_type)
def test_every_event_comes_back_as_it_was_published(event: object) -> None:
    """What a publisher writes a consumer reads, equal to the last field."""
    assert isinstance(event, type(event))
    record = record_of(event)  # type: ignore[arg-type]
    assert decode(record).event == event
    assert decode(record).record is record


@pytest.mark.parametrize(("reason", "change"), POISON)
def test_poison_has_a_reason(reason: str, change: dict[str, object]) -> None:
    """Each kind of unreadable record is named."""
    with pytest.raises(InvalidEventError) as caught:
        decode(replace(GOOD, **change))  # type: ignore[arg-type]
    assert caught.value.reason == reason


def test_the_reason_never_quotes_what_people_wrote() -> None:
    """A dead letter's headers name fields, not their content."""
    spoiled = (GOOD.value or b"").replace(b'"conversation_id"', b'"secret words"')
    with pytest.raises(InvalidEventError) as caught:
        decode(replace(GOOD, value=spoiled))
    assert MESSAGE.text not in str(caught.value)
    assert "conversation_id:missing" in caught.value.detail


def test_a_newer_writers_field_is_ignored() -> None:
    """An optional field added later does not break today's readers."""
    newer = (GOOD.value or b"").replace(b"{", b'{"added_in_2031": 1, ', 1)
    assert decode(replace(GOOD, value=newer)).event == MESSAGE


def test_a_retry_is_read_as_its_topic() -> None:
    """A redriven record is what it was; an event of another topic is not let in that way."""
    assert decode(replace(GOOD, topic="chat-messages-persistence-retry")).event == MESSAGE
    with pytest.raises(InvalidEventError, match="wrong_topic"):
        decode(replace(GOOD, topic="chat-replies-persistence-retry"))


@given(
    value=st.none() | st.binary() | st.text().map(str.encode),
    headers=st.lists(
        st.tuples(
            st.sampled_from([names.TYPE, names.ID, "x"]),
            st.none() | st.binary() | st.sampled_from([each.encode() for each in EVENT_TYPES]),
        )
    ),
    topic=st.sampled_from(list(Topic)),
)
def test_decoding_raises_nothing_else(
    value: bytes | None, headers: list[tuple[str, bytes | None]], topic: str
) -> None:
    """Whatever stands on the log, the loop hears `InvalidEventError` or gets an event."""
    record = Record(topic, 0, 0, None, value, tuple(headers), 0)
    with suppress(InvalidEventError):
        assert decode(record).record is record


@given(cut=st.integers(min_value=0), flip=st.integers(min_value=0, max_value=255))
def test_a_damaged_event_raises_nothing_else(cut: int, flip: int) -> None:
    """A real event with one byte changed is read or named."""
    value = bytearray(GOOD.value or b"")
    value[cut % len(value)] = flip
    with suppress(InvalidEventError):
        assert isinstance(decode(replace(GOOD, value=bytes(value))).event, MessageSent)
