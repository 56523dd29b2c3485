"""An event as a Kafka record: JSON body, CloudEvents headers in binary mode, ASCII key."""

from dataclasses import dataclass

from opentelemetry.propagate import inject

from schemas import headers as names
from schemas.events.envelope import Event
from schemas.text import format_instant
from schemas.topics import TOPIC_OF, Topic

Headers = tuple[tuple[str, bytes], ...]

_SPEC_VERSION = (names.SPEC_VERSION, b"1.0")
_CONTENT_TYPE = (names.CONTENT_TYPE, b"application/json")


@dataclass(frozen=True)
class Record:
    """What is handed to the producer."""

    topic: Topic
    key: bytes
    value: bytes
    headers: Headers


def to_record(event: Event, source: bytes) -> Record:
    """Return the record of an event; `source` is `/<process>/<instance>` in ASCII.

    The headers are a projection of the body, so that readers can route without decoding it.

    Raises:
        KeyError: the catalogue names no topic for this type of event.
    """
    topic = TOPIC_OF[type(event)]
    headers: Headers = (
        _SPEC_VERSION,
        (names.ID, str(event.event_id).encode("ascii")),
        (names.SOURCE, source),
        (names.TYPE, event.event_type.encode("ascii")),
        (names.TIME, format_instant(event.occurred_at).encode("ascii")),
        (names.SUBJECT, event.key),
        _CONTENT_TYPE,
    )
    if (deadline := event.deadline) is not None:
        headers += ((names.DEADLINE, format_instant(deadline).encode("ascii")),)
    carrier: dict[str, str] = {}
    inject(carrier)
    if names.TRACEPARENT in carrier:
        headers += ((names.TRACEPARENT, carrier[names.TRACEPARENT].encode("ascii")),)
    return Record(topic, event.key, event.model_dump_json().encode(), headers)
