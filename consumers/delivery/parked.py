"""Parks what failed by itself, and tries it again in its key's order."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from consumers.delivery.parking import Lanes, Parking, Place, Waiting
from consumers.delivery.ports import Delivered, OffsetKeeper, Offsets, Partition, Record
from consumers.delivery.retries import Retries
from runtime import metrics
from runtime.errors import InvalidEventError, TransientError

TRIES_PER_TURN = 64
"""Parked records tried before new ones are looked at again."""


class Hands(Protocol):
    """What the worker lends: its patience with shared outages, and its way to bury."""

    @property
    def halt(self) -> asyncio.Event:
        """Set when nothing more is to be begun."""
        ...

    async def patiently(self, operation: Callable[[], Awaitable[None]]) -> None:
        """Do it until no shared part is away."""
        ...

    async def with_tries(self, operation: Callable[[], Awaitable[None]]) -> None:
        """Do it; what fails comes out as `TransientError` or `InvalidEventError`."""
        ...

    async def bury(self, record: Record, reason: InvalidEventError) -> None:
        """Dead-letter it."""
        ...


@dataclass(frozen=True)
class RetryDesk:
    """One consumer's parked keys and their retry topics."""

    group: str
    keeper: OffsetKeeper
    retries: Retries
    lanes: Lanes
    parking: Parking = field(default_factory=Parking)

    def concerns(self, records: Sequence[Record]) -> bool:
        """Whether any of these may have to be parked before it is worked."""
        return self.parking.busy or any(self.lanes.is_retry(each) for each in records)

    def clear(self) -> None:
        """Forget what is parked: the partitions are given out anew."""
        self.parking.clear()
        self._tell()

    async def set_aside(
        self, hands: Hands, records: Sequence[Record], good: Sequence[Delivered]
    ) -> list[Delivered]:
        """Park what is not due, or stands behind a record that is not; return the rest.

        `good` are those of the records that could be decoded.
        """
        for record in records:
            if self.lanes.is_retry(record):
                self.parking.read(record)
        return [each for each in good if not await self.aside(hands, each)]

    async def aside(self, hands: Hands, delivered: Delivered) -> bool:
        """Park a record if it must wait; tell whether it must."""
        record, parking = delivered.record, self.parking
        place = self.lanes.place(record)
        if self.lanes.is_retry(record):
            if not parking.holds(place) and parking.is_due(record):
                return False
            parking.take(delivered, place)
        elif not parking.holds(place):
            return False
        else:
            await self._append(hands, record, place, 0)
        return True

    async def postpone(self, hands: Hands, delivered: Delivered) -> None:
        """Park a record that has just failed for the first time in this process."""
        place = self.lanes.place(delivered.record)
        if self.lanes.is_retry(delivered.record):
            self.parking.take_failed(delivered, place)
        else:
            await self._append(hands, delivered.record, place, 1)
        self._tell()

    async def work_due(self, hands: Hands) -> Offsets:
        """Try what is due; return how far each retry topic is done.

        Raises: as `Worker.work`.
        """
        touched: set[Partition] = set()
        for _ in range(TRIES_PER_TURN):
            if hands.halt.is_set() or (waiting := self.parking.next_due()) is None:
                break
            await self._try(hands, waiting)
            touched.add(waiting.place.partition)
            # A long row of failures must not keep the process from answering its probes.
            await asyncio.sleep(0)
        self._tell()
        return {each: self.parking.position(each) for each in touched}

    async def _try(self, hands: Hands, waiting: Waiting) -> None:
        record, partition = waiting.delivered.record, waiting.place.partition
        after = {partition: self.parking.position(partition, without=waiting)}
        try:
            await hands.with_tries(lambda: self.keeper.store((waiting.delivered,), after))
        except TransientError as error:
            if not self.parking.spent(waiting):
                self.parking.again(waiting)
                self._count("failed")
                return
            reason = InvalidEventError("retries_exhausted", str(error))
        except InvalidEventError as refused:
            reason = refused
        else:
            self.parking.done(waiting)
            self._count("done")
            return
        await hands.bury(record, reason)
        self._count("given_up")
        await hands.patiently(lambda: self.keeper.store((), after))
        self.parking.done(waiting)

    async def _append(self, hands: Hands, record: Record, place: Place, attempt: int) -> None:
        pause = self.parking.delay(attempt) if attempt else 0.0

        async def append() -> None:
            self.parking.wrote(place, await self.retries.append(record, attempt, pause))

        await hands.patiently(append)

    def _count(self, outcome: str) -> None:
        metrics.retried.labels(self.group, outcome).inc()

    def _tell(self) -> None:
        metrics.parked_keys.labels(self.group).set(self.parking.keys)
