"""Records and a log in memory for the loop's tests."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from consumers.delivery.ports import Delivered, Offsets, Partition, Record
from producers.records import to_record
from schemas.events.chat import MessageSent
from schemas.events.envelope import Event
from schemas.generate.examples import EXAMPLES

HOME = Partition("chat-messages", 0)
MESSAGE = next(event for event in EXAMPLES if isinstance(event, MessageSent))


def record_of(event: Event, offset: int = 0, partition: int = 0) -> Record:
    """Return the event as it stands on the log."""
    made = to_record(event, b"/test")
    return Record(made.topic, partition, offset, made.key, made.value, made.headers, 1_700_000_000)


def message(offset: int, *, partition: int = 0, event_id: UUID | None = None) -> Record:
    """Return a message at this offset."""
    event = MESSAGE.model_copy(update={"event_id": event_id or uuid4(), "message_id": uuid4()})
    return record_of(event, offset, partition)


def said_in(conversation: UUID, offset: int) -> Record:
    """Return a message of this conversation at this offset."""
    event = MESSAGE.model_copy(
        update={"event_id": uuid4(), "message_id": uuid4(), "conversation_id": conversation}
    )
    return record_of(event, offset)


def garbage(offset: int, *, partition: int = 0) -> Record:
    """Return a record that nobody can read."""
    return Record("chat-messages", partition, offset, b"k", b"\x00\xff", (("h", None),), 0)


def offsets_of(batch: Sequence[Delivered]) -> list[int]:
    return [each.record.offset for each in batch]


@dataclass
class FakeSource:
    """A group member's log in memory; commits are kept in order."""

    log: dict[Partition, list[Record]] = field(default_factory=dict)
    positions: dict[Partition, int] = field(default_factory=dict)
    paused: set[Partition] = field(default_factory=set)
    commits: list[dict[Partition, int]] = field(default_factory=list)
    failures: list[Exception] = field(default_factory=list)
    """Raised by the next commits, one each."""

    async def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        del seconds
        polled: list[Record] = []
        for partition, records in self.log.items():
            if partition not in self.paused:
                start = self.positions.get(partition, 0)
                taken = [each for each in records if each.offset >= start]
                polled += taken[: max_records - len(polled)]
        self.positions |= {each.source: each.offset + 1 for each in polled}
        if not polled:
            await asyncio.sleep(0.001)
        return polled

    def pause(self, partitions: Iterable[Partition]) -> None:
        self.paused |= set(partitions)

    def resume(self, partitions: Iterable[Partition]) -> None:
        self.paused -= set(partitions)

    async def seek(self, positions: Mapping[Partition, int | None]) -> Offsets:
        found = {partition: offset or 0 for partition, offset in positions.items()}
        self.positions |= found
        return found

    async def committed(self, partitions: Iterable[Partition]) -> Offsets:
        newest: dict[Partition, int] = {}
        for commit in self.commits:
            newest |= commit
        return {each: newest[each] for each in partitions if each in newest}

    async def commit(self, offsets: Offsets) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.commits.append(dict(offsets))

    async def ends(self, partitions: Iterable[Partition]) -> Offsets:
        if self.failures:
            raise self.failures.pop(0)
        return {each: len(self.log.get(each, ())) for each in partitions}

    async def held(self, partitions: Iterable[Partition]) -> Mapping[Partition, int]:
        return await self.ends(partitions)


async def until(condition: Callable[[], bool]) -> None:
    """Wait a moment for something to become true; fail when it does not."""
    async with asyncio.timeout(5):
        # What is watched announces nothing: looking again is the only way.
        while not condition():
            await asyncio.sleep(0.001)
