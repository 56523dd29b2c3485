"""Old readers of new records: what a later writer adds hurts no reader that runs today (P20)."""

import time
from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson
import pytest

from consumers.delivery.decode import decode
from consumers.delivery.ports import Record
from edge_ws.memory import InMemoryRecord
from producers.records import to_record
from runtime.errors import InvalidEventError
from schemas import headers as names
from schemas.events.envelope import Event
from schemas.frames.server import FRAME_OF_EVENT, SERVER_FRAME
from schemas.generate.goldens import GOLDENS, revisions
from schemas.topics import EVENT_TYPES, TOPIC_OF
from tests.following import pushed

pytestmark = pytest.mark.promise("P20", "fields and headers of the future in every golden")

REVISIONS = [(name, revision) for name in EVENT_TYPES for revision in revisions(name)]
FUTURE: dict[str, Any] = {"from_the_future": {"nested": [1, None, "x"], "more": True}}
"""What nobody knows yet, deep enough to hurt a reader that looks too closely."""


def golden(name: str, revision: int) -> bytes:
    """Return the body of a golden as it stands on disk."""
    return (GOLDENS / name / f"{revision}.example.json").read_bytes()


def of_the_future(value: object) -> object:
    """Add an unknown field to every object of a JSON value, at every depth."""
    if isinstance(value, dict):
        return {**{name: of_the_future(each) for name, each in value.items()}, **FUTURE}
    if isinstance(value, list):
        return [of_the_future(each) for each in value]
    return value


def record_of(event: Event, body: bytes) -> Record:
    """Return what stands on the log, with a header that nobody knows yet."""
    made = to_record(event, b"/tomorrow/1")
    headers = (*made.headers, ("ce_fromthefuture", b"1"))
    return Record(made.topic, 0, 7, made.key, body, headers, int(time.time() * 1_000))


@pytest.mark.parametrize(("name", "revision"), REVISIONS)
def test_a_consumer_reads_every_golden(name: str, revision: int) -> None:
    """The real decoder takes each record that any writer ever made."""
    body = golden(name, revision)
    event = EVENT_TYPES[name].model_validate_json(body, extra="ignore")
    assert decode(record_of(event, body)).event == event


@pytest.mark.parametrize(("name", "revision"), REVISIONS)
def test_a_consumer_of_today_reads_a_writer_of_tomorrow(name: str, revision: int) -> None:
    """Unknown fields, at the top and inside, and unknown headers change nothing that is read."""
    body = golden(name, revision)
    event = EVENT_TYPES[name].model_validate_json(body, extra="ignore")
    later = orjson.loads(body)
    free_form = _free_form(type(event))
    later = {key: later[key] if key in free_form else of_the_future(later[key]) for key in later}
    assert decode(record_of(event, orjson.dumps(later | FUTURE))).event == event


@pytest.mark.parametrize("name", [name for name in EVENT_TYPES if name in FRAME_OF_EVENT])
def test_an_edge_of_today_passes_a_record_of_tomorrow_on(name: str) -> None:
    """The edge pushes what it does not know untouched, and what it knows is all there."""
    body = golden(name, max(revisions(name)))
    event = EVENT_TYPES[name].model_validate_json(body, extra="ignore")
    later = orjson.dumps(orjson.loads(body) | FUTURE)
    made = record_of(event, later)
    headers = tuple((name, value or b"") for name, value in made.headers)
    record = InMemoryRecord(0, made.timestamp, made.key, later, headers)
    [payload] = pushed(TOPIC_OF[type(event)], event.key, [record])
    frame = orjson.loads(payload)
    assert frame["from_the_future"] == FUTURE["from_the_future"]
    known = SERVER_FRAME.validate_json(payload, extra="ignore")
    assert UUID(frame["event_id"]) == event.event_id
    assert known.type == FRAME_OF_EVENT[name]


def test_a_type_of_tomorrow_is_kept_and_not_guessed() -> None:
    """An event type that today's catalogue does not know is a clear refusal, never a crash."""
    example = EVENT_TYPES["chat.message_sent.v1"].model_validate_json(
        golden("chat.message_sent.v1", 1), extra="ignore"
    )
    record = record_of(example, golden("chat.message_sent.v1", 1))
    renamed = tuple(
        (name, b"chat.message_sent.v2" if name == names.TYPE else value)
        for name, value in record.headers
    )
    with pytest.raises(InvalidEventError, match="unknown_type"):
        decode(replace(record, headers=renamed))


def _free_form(model: type[Event]) -> set[str]:
    """Return the fields that are open mappings: what is added there is their content."""
    return {name for name, field in model.model_fields.items() if "dict[" in str(field.annotation)}
