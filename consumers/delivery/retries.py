"""Puts a record on the consumer's retry topic, where it waits for its turn and survives us."""

from typing import TYPE_CHECKING, Protocol, Self

import structlog

from consumers.delivery.ports import Record
from producers.dead_letters import Origin, Parked, parked
from producers.verbatim import VerbatimPublisher
from runtime import metrics
from runtime.clock import server_seconds
from runtime.errors import RetryableError
from schemas.topics import group_of, retry_topic, source_of

if TYPE_CHECKING:
    from runtime.settings import KafkaSettings

logger = structlog.get_logger(__name__)


class Retries(Protocol):
    """Keeps what is to be tried again, or waits behind such a record.

    Ordering: as appended, under each partition. Idempotency: none; a record that was appended
    twice is worked twice, which has the effect of once.
    Failure: `RetryableError` when it is not surely kept; the caller never goes on without.
    """

    async def append(self, record: Record, attempt: int, pause: float) -> int:
        """Return its offset on the retry topic when all in-sync replicas have it.

        `attempt` counts the record's failures; `pause` is in seconds.
        """
        ...


class KafkaRetries:
    """Appends to this consumer's retry topics, on the partition of the original."""

    def __init__(self, settings: "KafkaSettings", *, name: str, client_id: str) -> None:
        self._name = name
        self._publisher = VerbatimPublisher(settings, f"{client_id}-retry")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._publisher.close()

    async def append(self, record: Record, attempt: int, pause: float) -> int:
        """See `Retries`."""
        why = Parked(
            origin=Origin(record.topic, record.partition, record.offset, record.timestamp),
            attempt=attempt,
            due=int((server_seconds() + pause) * 1000),
        )
        source, group = source_of(record.topic), group_of(self._name)
        offset = await self._publisher.publish(
            retry_topic(source, self._name),
            record.partition,
            record.key,
            record.value,
            parked(record.headers, why),
        )
        if offset < 0:
            # The broker had it already and does not say where; a second one does no harm.
            raise RetryableError(f"no offset on the retry topic of {source}")
        metrics.parked.labels(group, source).inc()
        logger.info(
            "parked",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            attempt=attempt,
        )
        return offset
