"""An event as a Kafka record: JSON body, CloudEvents headers in binary mode, ASCII key."""

from dataclasses import dataclass

from aiokafka.partitioner import murmur2
from opentelemetry.propagate import inject

from schemas import headers as names
from schemas.events.envelope import Event
from schemas.text import format_instant
from schemas.topics import CATALOGUE, TOPIC_OF, Topic

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
    partition: int | None = None
    """Where it must stand; None leaves the choice to the key."""


def partition_of(topic: Topic, key: bytes) -> int:
    """Return where in the topic the broker keeps this key's records."""
    return int((murmur2(key) & 0x7FFFFFFF) % CATALOGUE[topic].partitions)


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
        (names.CORRELATION, str(event.correlation_id).encode("ascii")),
    )
    if (deadline := event.deadline) is not None:
        headers += ((names.DEADLINE, format_instant(deadline).encode("ascii")),)
    if event.causation_id is not None:
        headers += ((names.CAUSATION, str(event.causation_id).encode("ascii")),)
    carrier: dict[str, str] = {}
    inject(carrier)
    if names.TRACEPARENT in carrier:
        headers += ((names.TRACEPARENT, carrier[names.TRACEPARENT].encode("ascii")),)
    return Record(topic, event.key, event.model_dump_json().encode(), headers, event.partition)
