"""Records are CloudEvents that any tool can route."""

import json

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from producers.records import to_record
from schemas.events.envelope import Event
from schemas.frames.server import FRAME_OF_EVENT, SERVER_FRAME
from schemas.generate.examples import EXAMPLES
from schemas.text import format_instant


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.event_type)
def test_the_cloudevents_sdk_reads_our_headers(example: Event) -> None:
    """Our hand-built headers are what the CloudEvents SDK understands."""
    record = to_record(example, b"/test/1")
    event = from_binary(
        KafkaMessage(headers=dict(record.headers), key=record.key, value=record.value),
        JSONFormat(),
        CloudEvent,
    )
    assert event.get_id() == str(example.event_id)
    assert event.get_type() == example.event_type
    assert event.get_source() == "/test/1"
    assert event.get_subject() == record.key.decode()
    assert event.get_time() == example.occurred_at
    assert event.get_datacontenttype() == "application/json"
    assert event.get_extension("correlationid") == str(example.correlation_id)
    caused = example.causation_id and str(example.causation_id)
    assert event.get_extension("causationid") == caused


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.event_type)
def test_headers_and_key_are_ascii(example: Event) -> None:
    """No reader's header decoding can fail on a record of ours."""
    record = to_record(example, b"/test/1")
    assert all(value.isascii() for _, value in record.headers)
    assert record.key.isascii()


@pytest.mark.parametrize(
    "example",
    [example for example in EXAMPLES if example.event_type in FRAME_OF_EVENT],
    ids=lambda example: example.event_type,
)
def test_a_body_becomes_its_frame_without_decoding(example: Event) -> None:
    """Frames are events: prefix plus body is a valid server frame with the same fields."""
    body = to_record(example, b"/test/1").value
    frame_type = FRAME_OF_EVENT[example.event_type]
    text = b'{"type":"%s","at":"m3:12",' % frame_type.encode() + body[1:]
    frame = SERVER_FRAME.validate_json(text)
    assert frame.type == frame_type
    assert json.loads(text)["event_id"] == str(example.event_id)
    assert json.loads(text)["occurred_at"] == format_instant(example.occurred_at)
