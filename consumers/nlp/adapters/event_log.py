"""Topics of one partition, read whole by every replica: no group, from the first record."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from consumers.delivery.decode import decode
from consumers.delivery.ports import Record
from runtime.errors import InvalidEventError, RetryableError
from runtime.kafka import create_tail
from schemas.events.envelope import Event
from schemas.topics import Topic

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    from runtime.settings import KafkaSettings

POLL_MS = 500
READ_SECONDS = 30.0

logger = structlog.get_logger(__name__)


class KafkaEventLog:
    """See `consumers.nlp.service.follower.EventLog`."""

    def __init__(self, settings: "KafkaSettings", client_id: str, topic: Topic) -> None:
        self._settings = settings
        self._client_id = client_id
        self._partition = TopicPartition(topic.value, 0)
        self._consumer: AIOKafkaConsumer | None = None
        self._next = 0
        self._end: int | None = None

    @property
    def caught_up(self) -> bool:
        """Whether everything that stood there at the start has been read."""
        return self._end is not None and self._next >= self._end

    @property
    def position(self) -> int:
        """The offset of what `poll` returns next."""
        return self._next

    async def end(self) -> int:
        """Return the offset behind everything that is accepted there now."""
        consumer = self._consumer
        if consumer is None:
            raise RetryableError(f"{self._partition.topic}: not read yet")
        try:
            async with asyncio.timeout(READ_SECONDS):
                ends: dict[TopicPartition, int] = await consumer.end_offsets([self._partition])
        except (KafkaError, TimeoutError, OSError) as error:
            raise RetryableError(f"{self._partition.topic}: {type(error).__name__}") from error
        return ends[self._partition]

    async def poll(self) -> Sequence[Event]:
        """Return what comes next."""
        try:
            async with asyncio.timeout(READ_SECONDS):
                consumer = self._consumer or await self._open()
                polled = await consumer.getmany(self._partition, timeout_ms=POLL_MS)
                self._next = await consumer.position(self._partition)
        except (KafkaError, TimeoutError, OSError) as error:
            await self.close()
            raise RetryableError(f"{self._partition.topic}: {type(error).__name__}") from error
        return [event for found in polled.values() for event in map(readable, found) if event]

    async def close(self) -> None:
        """Disconnect, or give up on it."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await stop(consumer)

    async def _open(self) -> AIOKafkaConsumer:
        consumer = create_tail(self._settings, self._client_id)
        try:
            await consumer.start()
            consumer.assign([self._partition])
            ends = await consumer.end_offsets([self._partition])
            begins = await consumer.beginning_offsets([self._partition])
        except BaseException:
            await stop(consumer)
            raise
        # A log made anew is shorter than what was read of the old one.
        end = ends[self._partition]
        self._next = max(self._next if self._next <= end else 0, begins[self._partition])
        self._end = end if self._end is None else self._end
        consumer.seek(self._partition, self._next)
        self._consumer = consumer
        return consumer


def readable(record: "ConsumerRecord[bytes, bytes]") -> Event | None:
    """The event of a record; one that cannot be read concerns nothing that this version knows."""
    try:
        return decode(
            Record(
                record.topic,
                record.partition,
                record.offset,
                record.key,
                record.value,
                tuple(record.headers),
                record.timestamp,
            )
        ).event
    except (InvalidEventError, ValueError) as error:
        logger.warning(
            "event_unreadable",
            topic=record.topic,
            offset=record.offset,
            error=type(error).__name__,
        )
        return None


async def stop(consumer: AIOKafkaConsumer) -> None:
    """Disconnect; a broker that is away is waited for only so long."""
    try:
        async with asyncio.timeout(5.0):
            await consumer.stop()
    except (TimeoutError, KafkaError) as error:
        logger.warning("tail_stop_failed", error=type(error).__name__)
