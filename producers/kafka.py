"""The publisher on Kafka: its own deadline, a bound on what is under way, a rebuild when stuck."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Self

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidProducerEpoch,
    KafkaError,
    MessageSizeTooLargeError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
    UnknownProducerId,
)
from aiokafka.structs import RecordMetadata

from producers.ports import Published, PublishStatus
from producers.records import Record, to_record
from runtime import metrics
from runtime.clock import SERVER_TIME, ServerTime
from runtime.kafka import create_producer
from runtime.settings import KafkaSettings
from runtime.trail import TRAIL
from schemas.events.envelope import Event
from schemas.topics import CLOCK_TOPIC

MAX_UNDER_WAY = 5_000
"""Records handed to the producer and not yet answered; about 5 MB. Beyond it: busy."""

TURNS = 64
"""Locks that keep the order of a key while records wait for room in a batch."""

# After these an idempotent producer fails for ever: only a new producer id helps
# (aio-libs/aiokafka issue 1017).
_BY_THE_BROKER = 1
"""Kafka's timestamp type LogAppendTime."""

_WEDGED = (OutOfOrderSequenceNumber, UnknownProducerId, InvalidProducerEpoch, ProducerFenced)

logger = structlog.get_logger(__name__)


class KafkaEventPublisher:
    """Publishes through one idempotent producer; use it as an async context manager."""

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        process: str,
        instance: str,
        create: Callable[[KafkaSettings, str], AIOKafkaProducer] = create_producer,
        server_time: ServerTime = SERVER_TIME,
    ) -> None:
        self._time = server_time
        self._settings = settings
        self._client_id = f"{process}-{instance}"
        self._source = f"/{process}/{instance}".encode("ascii", "replace")
        self._create = create
        self._producer = create(settings, self._client_id)
        self._under_way = 0
        self._turns = tuple(asyncio.Lock() for _ in range(TURNS))
        self._rebuilding: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._producer.start()
        except BaseException:
            await self._stop(self._producer)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._rebuilding is not None:
            await asyncio.wait([self._rebuilding])
        await self._stop(self._producer)

    @property
    def saturated(self) -> bool:
        """Whether the next publish would be answered busy."""
        return self._under_way >= MAX_UNDER_WAY

    async def read_clock(self) -> None:
        """Learn how far this machine's clock is off; to be done before anything is stamped.

        With the broker away it is learned from the first event that is accepted.
        """
        try:
            async with asyncio.timeout(self._settings.publish_deadline.total_seconds()):
                asked = self._time.local()
                answered = await self._producer.send(CLOCK_TOPIC, value=b"", key=self._source)
                self._learn(asked, await answered)
        except (TimeoutError, KafkaError) as error:
            logger.warning("clock_unread", error=type(error).__name__)

    def _learn(self, asked: float, where: RecordMetadata) -> None:
        if where.timestamp_type == _BY_THE_BROKER:
            self._time.learn(asked, where.timestamp / 1_000, self._time.local())

    async def publish(self, event: Event) -> Published:
        """Put one event on its topic; see `producers.ports.EventPublisher`."""
        record = to_record(event, self._source)
        if self.saturated:
            return self._told(record, PublishStatus.BUSY)
        started, asked = time.perf_counter(), self._time.local()
        self._under_way += 1
        delivery = asyncio.ensure_future(self._deliver(record))
        delivery.add_done_callback(self._delivered)
        try:
            # Shielded: a cancelled send would leave a hole in the idempotent sequence, and the
            # record may be on its way already.
            async with asyncio.timeout(self._settings.publish_deadline.total_seconds()):
                where = await asyncio.shield(delivery)
        except TimeoutError:
            return self._told(record, PublishStatus.UNKNOWN)
        except MessageSizeTooLargeError:
            return self._told(record, PublishStatus.FAILED)
        except KafkaError as error:
            logger.warning("publish_failed", topic=record.topic, error=type(error).__name__)
            if isinstance(error, _WEDGED):
                self._rebuild()
            return self._told(record, PublishStatus.UNKNOWN)
        self._learn(asked, where)
        metrics.publish_seconds.labels(record.topic).observe(time.perf_counter() - started)
        if TRAIL.follows(event.correlation_id):
            _note(event, where)
        return self._told(record, PublishStatus.ACCEPTED, where)

    async def _deliver(self, record: Record) -> RecordMetadata:
        if self._rebuilding is not None:
            await asyncio.shield(self._rebuilding)
        # While a batch is full `send` waits, and aiokafka lets newcomers overtake those who wait.
        async with self._turns[hash(record.key) % TURNS]:
            answered = await self._producer.send(
                record.topic.value,
                value=record.value,
                key=record.key,
                partition=record.partition,
                headers=list(record.headers),
            )
        return await answered

    def _delivered(self, delivery: asyncio.Future[RecordMetadata]) -> None:
        self._under_way -= 1
        if not delivery.cancelled():
            # Read it, so that a failure after the deadline is not reported as never retrieved.
            delivery.exception()

    @staticmethod
    def _told(
        record: Record, status: PublishStatus, where: RecordMetadata | None = None
    ) -> Published:
        metrics.published.labels(record.topic, status).inc()
        if where is None:
            return Published(status, record.topic)
        return Published(status, record.topic, where.partition, where.offset)

    def _rebuild(self) -> None:
        if self._rebuilding is None or self._rebuilding.done():
            self._rebuilding = asyncio.create_task(self._replace_producer())

    async def _replace_producer(self) -> None:
        wedged, self._producer = (
            self._producer,
            self._create(self._settings, self._client_id),
        )
        logger.warning("producer_rebuilt")
        await self._producer.start()
        await self._stop(wedged)

    async def _stop(self, producer: AIOKafkaProducer) -> None:
        # With the broker away an idempotent producer would flush for ever.
        try:
            async with asyncio.timeout(timedelta(seconds=10).total_seconds()):
                await producer.stop()
        except (TimeoutError, KafkaError) as error:
            logger.warning("producer_stop_failed", error=type(error).__name__)


def _note(event: Event, where: RecordMetadata) -> None:
    TRAIL.note(
        "event_published",
        correlation_id=event.correlation_id,
        event_id=event.event_id,
        event_type=event.event_type,
        topic=where.topic,
        partition=where.partition,
        offset=where.offset,
    )
