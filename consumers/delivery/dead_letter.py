"""Where records go that can never be read: byte for byte, with a note of where from and why."""

import asyncio
from typing import TYPE_CHECKING, Protocol, Self

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from consumers.delivery.ports import Headers, Record
from runtime import metrics
from runtime.errors import InvalidEventError, RetryableError
from runtime.kafka import METADATA_MAX_AGE_MS, REQUEST_TIMEOUT_MS, RETRY_BACKOFF_MS
from schemas import headers as names
from schemas.topics import Topic, dead_letter_topic, group_of

if TYPE_CHECKING:
    from runtime.settings import KafkaSettings

# A broker's usual limit for one record is 1 MiB; a dead letter is that and a few headers more.
MAX_DEAD_LETTER_BYTES = 2 * 1024 * 1024
PUBLISH_DEADLINE_SECONDS = 10.0
DETAIL_CHARS = 300

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
    """Return the original headers untouched, followed by ours."""
    return (
        *record.headers,
        (names.DEAD_LETTER_TOPIC, record.topic.encode()),
        (names.DEAD_LETTER_PARTITION, str(record.partition).encode()),
        (names.DEAD_LETTER_OFFSET, str(record.offset).encode()),
        (names.DEAD_LETTER_TIMESTAMP, str(record.timestamp).encode()),
        (names.DEAD_LETTER_GROUP, group.encode()),
        (names.DEAD_LETTER_REASON, reason.reason.encode()),
        (names.DEAD_LETTER_DETAIL, reason.detail[:DETAIL_CHARS].encode("ascii", "replace")),
    )


class KafkaDeadLetters:
    """Buries on this consumer's dead-letter topics; connects when the first record comes."""

    def __init__(self, settings: "KafkaSettings", *, name: str, client_id: str) -> None:
        self._settings = settings
        self._name = name
        self._client_id = f"{client_id}-dlq"
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._discard()

    async def bury(self, record: Record, reason: InvalidEventError) -> None:
        """See `DeadLetters`."""
        topic = dead_letter_topic(Topic(record.topic), self._name)
        group = group_of(self._name)
        try:
            async with asyncio.timeout(PUBLISH_DEADLINE_SECONDS):
                await self._publish(topic, record, dead_letter_headers(record, group, reason))
        except (TimeoutError, KafkaError) as error:
            # A wedged idempotent producer never recovers; a new one costs one handshake.
            await self._discard()
            msg = f"cannot dead-letter to {topic}: {type(error).__name__}"
            raise RetryableError(msg) from error
        metrics.dead_lettered.labels(group, record.topic, reason.reason).inc()
        logger.warning(
            "dead_lettered",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=reason.reason,
            detail=reason.detail[:DETAIL_CHARS],
        )

    async def _publish(self, topic: str, record: Record, headers: Headers) -> None:
        producer = self._producer or await self._connect()
        # A batch of one, because send() refuses a record with neither key nor value.
        batch = producer.create_batch()
        batch.append(key=record.key, value=record.value, timestamp=None, headers=list(headers))
        batch.close()
        partitions = sorted(await producer.partitions_for(topic))
        partition = partitions[record.partition % len(partitions)]
        await (await producer.send_batch(batch, topic, partition=partition))

    async def _connect(self) -> AIOKafkaProducer:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.bootstrap_servers,
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_request_size=MAX_DEAD_LETTER_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            retry_backoff_ms=RETRY_BACKOFF_MS,
            metadata_max_age_ms=METADATA_MAX_AGE_MS,
        )
        await self._producer.start()
        return self._producer

    async def _discard(self) -> None:
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            async with asyncio.timeout(PUBLISH_DEADLINE_SECONDS):
                await producer.stop()
        except (TimeoutError, KafkaError) as error:
            logger.warning("dead_letter_stop_failed", error=type(error).__name__)
