"""The publisher on Kafka: its own deadline, a bound on what is under way, a rebuild when stuck."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self, TypeAlias

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

from producers.deadlines import Deadlines, end
from producers.ports import Published, PublishStatus
from producers.records import Record, to_record
from runtime import metrics
from runtime.clock import SERVER_TIME, ServerTime
from runtime.kafka import create_producer
from runtime.pacing import Pace
from runtime.settings import KafkaSettings
from runtime.trail import TRAIL
from schemas.events.envelope import Event
from schemas.topics import CLOCK_TOPIC

MAX_UNDER_WAY = 5_000
"""Records handed to the producer and not yet answered; about 5 MB. Beyond it: busy."""

TURNS = 64
"""Locks that keep the order of a key while records wait for room in a batch."""

_BY_THE_BROKER = 1
"""Kafka's timestamp type LogAppendTime."""

# After these an idempotent producer fails for ever: only a new producer id helps
# (aio-libs/aiokafka issue 1017).
_WEDGED = (OutOfOrderSequenceNumber, UnknownProducerId, InvalidProducerEpoch, ProducerFenced)

logger = structlog.get_logger(__name__)


_Answer: TypeAlias = asyncio.Future[RecordMetadata] | KafkaError


@dataclass
class _Delivery:
    """Records on their way; an answer each, in their order, for as many as are handed over."""

    records: Sequence[Record]
    started: float
    asked: float
    """When they were handed over, by the machine's own clock."""
    answers: list[_Answer] = field(default_factory=list)

    def outcome(self, at: int) -> RecordMetadata | BaseException | None:
        """Return what became of one of them; None when nobody knows yet."""
        if at >= len(self.answers):
            return None
        answer = self.answers[at]
        if isinstance(answer, KafkaError):
            return answer
        if not answer.done():
            return None
        return answer.exception() or answer.result()


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
        self._pace = Pace()
        self._deadlines = Deadlines(settings.publish_deadline.total_seconds())

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
        self._deadlines.close()

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
                answer = await self._producer.send(CLOCK_TOPIC, value=b"", key=self._source)
                self._learn(asked, await answer, self._time.local())
        except (TimeoutError, KafkaError) as error:
            logger.warning("clock_unread", error=type(error).__name__)

    def _learn(self, asked: float, where: RecordMetadata, answered: float) -> None:
        if where.timestamp_type == _BY_THE_BROKER:
            self._time.learn(asked, where.timestamp / 1_000, answered)

    async def publish(self, event: Event) -> Published:
        """Put one event on its topic; see `producers.ports.EventPublisher`."""
        [told] = await self.publish_all((event,))
        return told

    async def publish_all(self, events: Sequence[Event]) -> list[Published]:
        """Put events on their topics; see `producers.ports.EventPublisher`."""
        records = [to_record(event, self._source) for event in events]
        if self.saturated:
            return [_told(record, PublishStatus.BUSY) for record in records]
        delivery = _Delivery(records, started=time.perf_counter(), asked=self._time.local())
        self._under_way += len(records)
        # A task of its own, which a caller's end does not cancel: that would leave a hole in the
        # idempotent sequence, and the records may be on their way already.
        delivering = asyncio.create_task(self._deliver(delivery))
        wait = self._deadlines.wait()
        delivering.add_done_callback(lambda _: end(wait))
        await wait
        if delivering.done():
            delivering.result()
        return [self._judged(delivery, at, event) for at, event in enumerate(events)]

    async def _deliver(self, delivery: "_Delivery") -> None:
        try:
            if self._rebuilding is not None:
                await asyncio.shield(self._rebuilding)
            self._pace.carried(len(delivery.records))
            await self._pace.turn()
            for record in delivery.records:
                delivery.answers.append(await self._hand_over(record))
            for answer in delivery.answers:
                if isinstance(answer, asyncio.Future):
                    with suppress(KafkaError):
                        await answer
        finally:
            self._under_way -= len(delivery.records)

    async def _hand_over(self, record: Record) -> _Answer:
        # While a batch is full `send` waits, and aiokafka lets newcomers overtake those who wait.
        async with self._turns[hash(record.key) % TURNS]:
            try:
                answer: asyncio.Future[RecordMetadata] = await self._producer.send(
                    record.topic.value,
                    value=record.value,
                    key=record.key,
                    partition=record.partition,
                    headers=list(record.headers),
                )
            except KafkaError as error:
                return error
            return answer

    def _judged(self, delivery: "_Delivery", at: int, event: Event) -> Published:
        record, outcome = delivery.records[at], delivery.outcome(at)
        if outcome is None:
            return _told(record, PublishStatus.UNKNOWN)
        if isinstance(outcome, MessageSizeTooLargeError):
            return _told(record, PublishStatus.FAILED)
        if isinstance(outcome, BaseException):
            logger.warning("publish_failed", topic=record.topic, error=type(outcome).__name__)
            # The bare class says that the task which sends has ended with a defect.
            if isinstance(outcome, _WEDGED) or type(outcome) is KafkaError:
                self._rebuild()
            return _told(record, PublishStatus.UNKNOWN)
        self._learn(delivery.asked, outcome, self._time.local())
        metrics.publish_seconds.labels(record.topic).observe(time.perf_counter() - delivery.started)
        if TRAIL.follows(event.correlation_id):
            _note(event, outcome)
        return _told(record, PublishStatus.ACCEPTED, outcome)

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


def _told(record: Record, status: PublishStatus, where: RecordMetadata | None = None) -> Published:
    metrics.published.labels(record.topic, status).inc()
    if where is None:
        return Published(status, record.topic)
    return Published(status, record.topic, where.partition, where.offset)


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
