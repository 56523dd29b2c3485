"""Where records go that can never be read: byte for byte, with a note of where from and why."""

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol, Self

import structlog

from consumers.delivery.ports import Headers, Record
from producers.dead_letters import (
    DETAIL_CHARS,
    Burial,
    Origin,
    buried,
    failed_again,
    read_parked,
    read_redriven,
)
from producers.verbatim import VerbatimPublisher
from runtime import metrics
from runtime.errors import InvalidEventError
from schemas.topics import dead_letter_topic, group_of, source_of

if TYPE_CHECKING:
    from runtime.settings import KafkaSettings

logger = structlog.get_logger(__name__)


class DeadLetters(Protocol):
    """Keeps what cannot be read.

    Ordering: as buried. Idempotency: none; after a crash a record may be buried again, its
    original topic, partition and offset tell.
    Failure: `RetryableError` when it is not surely kept; the caller never goes on without.
    """

    async def bury(self, record: Record, reason: InvalidEventError) -> None:
        """Return when all in-sync replicas have the record."""
        ...


def dead_letter_headers(record: Record, group: str, reason: InvalidEventError) -> Headers:
    """Return the original headers untouched, followed by ours.

    A record that was parked or redriven keeps the place it first stood at, and a redriven one the
    count of its attempts.
    """
    burial = Burial(
        origin=Origin(record.topic, record.partition, record.offset, record.timestamp),
        group=group,
        reason=reason.reason,
        detail=reason.detail,
    )
    # Only on a retry topic: elsewhere a header of that name is somebody else's.
    if source_of(record.topic) == record.topic:
        return buried(record.headers, burial)
    if (waited := read_parked(record.headers)) is not None:
        original, why = waited
        return buried(original, replace(burial, origin=why.origin))
    if (read := read_redriven(record.headers, group)) is not None:
        original, redrive = read
        return buried(original, failed_again(redrive, burial))
    return buried(record.headers, burial)


class KafkaDeadLetters:
    """Buries on this consumer's dead-letter topics."""

    def __init__(self, settings: "KafkaSettings", *, name: str, client_id: str) -> None:
        self._name = name
        self._publisher = VerbatimPublisher(settings, f"{client_id}-dlq")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._publisher.close()

    async def bury(self, record: Record, reason: InvalidEventError) -> None:
        """See `DeadLetters`."""
        source, group = source_of(record.topic), group_of(self._name)
        await self._publisher.publish(
            dead_letter_topic(source, self._name),
            record.partition,
            record.key,
            record.value,
            dead_letter_headers(record, group, reason),
        )
        metrics.dead_lettered.labels(group, source, reason.reason).inc()
        logger.warning(
            "dead_lettered",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=reason.reason,
            detail=reason.detail[:DETAIL_CHARS],
        )
