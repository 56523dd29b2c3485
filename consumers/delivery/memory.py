"""Twins in memory of what the loop stands on: for tests, and for programs that embed a consumer."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from consumers.delivery.errors import FencedError
from consumers.delivery.ports import Delivered, Offsets, Partition, Record
from producers.dead_letters import Origin, Parked, parked
from runtime.errors import InvalidEventError
from schemas.topics import retry_topic, source_of


@dataclass
class InMemoryDeadLetters:
    """Keeps what was buried."""

    buried: list[tuple[Record, str]] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    """Called first; what it raises is what burying raises."""

    async def bury(self, record: Record, reason: InvalidEventError) -> None:
        """See `DeadLetters`."""
        self.before()
        self.buried.append((record, reason.reason))


@dataclass
class InMemoryRetries:
    """Keeps what was appended, as records of the retry topic."""

    consumer: str
    records: list[Record] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    """Called first; what it raises is what appending raises."""

    async def append(self, record: Record, attempt: int, pause: float) -> int:
        """See `Retries`; offsets count per partition."""
        self.before()
        topic = retry_topic(source_of(record.topic), self.consumer)
        offset = sum(each.partition == record.partition for each in self.records)
        origin = Origin(record.topic, record.partition, record.offset, record.timestamp)
        why = Parked(origin=origin, attempt=attempt, due=int((time.time() + pause) * 1000))
        headers = parked(record.headers, why)
        self.records.append(replace(record, topic=topic, offset=offset, headers=headers))
        return offset


@dataclass
class SharedOffsets:
    """The table that the members of a group share."""

    positions: dict[Partition, int] = field(default_factory=dict)
    stored: list[Delivered] = field(default_factory=list)


@dataclass
class InMemoryOffsets:
    """Keeps events and positions as `PostgresOffsets` does, fencing included."""

    shared: SharedOffsets = field(default_factory=SharedOffsets)
    before: Callable[[Sequence[Delivered]], None] = lambda _: None
    """Called first; what it raises is what storing raises."""
    _seen: dict[Partition, int] = field(default_factory=dict)

    async def load(self, partitions: Iterable[Partition]) -> Offsets:
        """See `OffsetKeeper`."""
        self._seen = dict(self.shared.positions)
        return {each: self._seen[each] for each in partitions if each in self._seen}

    async def store(self, batch: Sequence[Delivered], upto: Offsets) -> None:
        """See `OffsetKeeper`."""
        self.before(batch)
        for partition in upto:
            if self.shared.positions.get(partition) != self._seen.get(partition):
                raise FencedError("another member has moved the position")
        if any(each.record.offset < self._seen.get(each.record.source, 0) for each in batch):
            raise FencedError("these records are stored already")
        self.shared.stored.extend(batch)
        self.shared.positions.update(upto)
        self._seen.update(upto)
