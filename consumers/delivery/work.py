"""Works one polled batch to its end: poison buried, outages waited out, the rest stored."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import structlog

from consumers.delivery.backoff import Backoff
from consumers.delivery.dead_letter import DeadLetters
from consumers.delivery.decode import decode
from consumers.delivery.errors import AbandonedError, FencedError
from consumers.delivery.parked import RetryDesk
from consumers.delivery.ports import Delivered, OffsetKeeper, Offsets, Record
from consumers.delivery.progress import Progress
from runtime import metrics
from runtime.clock import HybridLogicalClock
from runtime.errors import InvalidEventError, RetryableError, TransientError
from runtime.trail import TRAIL

if TYPE_CHECKING:
    from consumers.delivery.ports import Partition

TRIES_PER_RECORD = 3
"""How often a record may make the handler fail in a way nobody foresaw."""

_SURROUNDINGS = (TimeoutError, OSError, MemoryError)
"""What a handler cannot be to blame for, and time may mend."""

T = TypeVar("T")
logger = structlog.get_logger(__name__)


def next_offsets(records: Sequence[Record]) -> Offsets:
    """Return the position after these records, per partition."""
    upto: dict[Partition, int] = {}
    for record in records:
        upto[record.source] = max(upto.get(record.source, 0), record.offset + 1)
    return upto


@dataclass(frozen=True)
class Worker:
    """Takes batches one after the other."""

    group: str
    keeper: OffsetKeeper
    dead_letters: DeadLetters
    retries: RetryDesk
    progress: Progress
    clock: HybridLogicalClock
    halt: asyncio.Event
    """Set when the partitions are taken away or the process stops: no more waiting then."""
    backoff: Backoff = field(default_factory=Backoff)

    async def work(self, records: Sequence[Record]) -> Offsets:
        """Return the positions up to which everything is stored, parked or buried.

        Raises:
            AbandonedError: it was told to halt while it waited; the rest was not touched.
            FencedError: another member has moved on; nothing of the rest was stored.
        """
        good: list[Delivered] = []
        for record in records:
            try:
                delivered = decode(record)
            except InvalidEventError as reason:
                await self.bury(record, reason)
            else:
                self.clock.observe(delivered.event.occurred_at)
                good.append(delivered)
        if self.retries.concerns(records):
            good = await self.retries.set_aside(self, records, good)
        upto = next_offsets(records)
        await self._store(good, upto)
        for delivered in good:
            if TRAIL.follows(delivered.event.correlation_id):
                _note(self.group, delivered)
        return self.retries.parking.capped(upto)

    async def work_parked(self) -> Offsets:
        """Give what is parked and due another try; return how far the retry topics are done.

        Raises: as `work`.
        """
        return await self.retries.work_due(self)

    async def _store(self, good: Sequence[Delivered], upto: Offsets) -> None:
        capped = self.retries.parking.capped
        if len(good) > 1:
            try:
                return await self.patiently(lambda: self.keeper.store(good, capped(upto)))
            except (AbandonedError, FencedError):
                raise
            except Exception as error:  # noqa: BLE001 - the boundary: one by one tells the culprit
                logger.warning("batch_isolated", error=type(error).__name__, records=len(good))
        for delivered in good:
            await self._store_one(delivered)
        # Past what was buried after the last good record.
        return await self.patiently(lambda: self.keeper.store((), capped(upto)))

    async def _store_one(self, delivered: Delivered) -> None:
        record, retries = delivered.record, self.retries
        upto, capped = next_offsets([record]), retries.parking.capped
        if not (retries.parking.busy and await retries.aside(self, delivered)):
            try:
                return await self.with_tries(lambda: self.keeper.store((delivered,), capped(upto)))
            except TransientError:
                await retries.postpone(self, delivered)
            except InvalidEventError as reason:
                await self.bury(record, reason)
        return await self.patiently(lambda: self.keeper.store((), capped(upto)))

    async def with_tries(self, operation: Callable[[], Awaitable[None]]) -> None:
        """Do it; a failure that nobody foresaw comes out as `InvalidEventError` in the end."""
        for attempt in range(1, TRIES_PER_RECORD + 1):
            try:
                return await self.patiently(operation)
            except (AbandonedError, FencedError, InvalidEventError, TransientError):
                raise
            except _SURROUNDINGS as error:
                _tell(error, attempt)
                raise TransientError(type(error).__name__) from error
            except Exception as error:
                _tell(error, attempt)
                if attempt == TRIES_PER_RECORD:
                    raise InvalidEventError("handler_error", type(error).__name__) from error
                await self.backoff.wait(attempt, self.halt)
        return None

    async def bury(self, record: Record, reason: InvalidEventError) -> None:
        """Dead-letter it."""
        await self.patiently(lambda: self.dead_letters.bury(record, reason))

    async def patiently(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Do it until no shared part is away."""
        attempt = 0
        while True:
            try:
                return await operation()
            except RetryableError as error:
                attempt += 1
                metrics.consume_retries.labels(self.group).inc()
                logger.warning("shared_part_away", attempt=attempt, error=str(error))
                with self.progress.waiting():
                    await self.backoff.wait(attempt, self.halt)


def _note(group: str, delivered: Delivered) -> None:
    event, record = delivered.event, delivered.record
    TRAIL.note(
        "event_handled",
        correlation_id=event.correlation_id,
        event_id=event.event_id,
        event_type=event.event_type,
        group=group,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
    )


def _tell(error: Exception, attempt: int) -> None:
    # Class and place, not the message or the locals: they may hold what people wrote.
    place = traceback.extract_tb(error.__traceback__)[-1]
    logger.error(
        "handler_failed",
        error=type(error).__name__,
        file=place.filename,
        line=place.lineno,
        attempt=attempt,
    )
