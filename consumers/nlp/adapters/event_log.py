"""Topics that every replica reads whole: no group, from the first record on."""

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
from schemas.topics import CATALOGUE, Topic

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    from runtime.settings import KafkaSettings

POLL_MS = 500
READ_SECONDS = 30.0

logger = structlog.get_logger(__name__)


class KafkaLog:
    """The records of a topic, each once, in order within a partition."""

    def __init__(self, settings: "KafkaSettings", client_id: str, topic: Topic) -> None:
        self._settings = settings
        self._client_id = client_id
        self._topic = topic
        self._partitions = [
            TopicPartition(topic.value, each) for each in range(CATALOGUE[topic].partitions)
        ]
        self._consumer: AIOKafkaConsumer | None = None
        self._next = dict.fromkeys(self._partitions, 0)
        self._ends: dict[TopicPartition, int] | None = None

    @property
    def caught_up(self) -> bool:
        """Whether everything that stood there at the start has been read."""
        return self._ends is not None and all(
            self._next[each] >= end for each, end in self._ends.items()
        )

    async def read(self) -> "list[ConsumerRecord[bytes, bytes]]":
        """
        Return what comes next; nothing after a while when nothing comes.

        Raises:
            RetryableError: the broker is away; the next call goes on where this one would have.
        """
        try:
            async with asyncio.timeout(READ_SECONDS):
                consumer = self._consumer or await self._open()
                polled = await consumer.getmany(*self._partitions, timeout_ms=POLL_MS)
                for each in self._partitions:
                    self._next[each] = await consumer.position(each)
        except (KafkaError, TimeoutError, OSError) as error:
            await self.close()
            raise RetryableError(f"{self._topic}: {type(error).__name__}") from error
        return [record for found in polled.values() for record in found]

    async def close(self) -> None:
        """Disconnect, or give up on it."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            await stop(consumer)

    async def _open(self) -> AIOKafkaConsumer:
        consumer = create_tail(self._settings, self._client_id)
        try:
            await consumer.start()
            consumer.assign(self._partitions)
            ends = await consumer.end_offsets(self._partitions)
            begins = await consumer.beginning_offsets(self._partitions)
        except BaseException:
            await stop(consumer)
            raise
        for each, end in ends.items():
            # A log made anew is shorter than what was read of the old one.
            self._next[each] = max(self._next[each] if self._next[each] <= end else 0, begins[each])
            consumer.seek(each, self._next[each])
        self._ends = ends if self._ends is None else self._ends
        self._consumer = consumer
        return consumer


class KafkaEventLog(KafkaLog):
    """See `consumers.nlp.service.following.EventLog`."""

    async def poll(self) -> Sequence[Event]:
        """Return what comes next."""
        return [event for record in await self.read() if (event := readable(record)) is not None]


class KafkaMeasuredLog(KafkaEventLog):
    """See `consumers.nlp.service.handover_follower.MeasuredLog`; only for one partition."""

    @property
    def position(self) -> int:
        """The offset of what `poll` returns next."""
        (position,) = self._next.values()
        return position

    async def end(self) -> int:
        """Return the offset behind everything that is accepted there now."""
        consumer = self._consumer
        if consumer is None:
            raise RetryableError(f"{self._topic}: not read yet")
        try:
            async with asyncio.timeout(READ_SECONDS):
                ends: dict[TopicPartition, int] = await consumer.end_offsets(self._partitions)
        except (KafkaError, TimeoutError, OSError) as error:
            raise RetryableError(f"{self._topic}: {type(error).__name__}") from error
        (end,) = ends.values()
        return end


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
