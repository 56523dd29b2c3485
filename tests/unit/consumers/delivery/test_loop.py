"""The loop: reads from where the keeper says, notes what is done, hands partitions back."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from consumers.delivery.assignment import Assignment
from consumers.delivery.backoff import Backoff
from consumers.delivery.commit import Commits
from consumers.delivery.kafka_offsets import KafkaOffsets
from consumers.delivery.loop import ConsumeLoop
from consumers.delivery.memory import (
    InMemoryDeadLetters,
    InMemoryOffsets,
    InMemoryRetries,
    SharedOffsets,
)
from consumers.delivery.parked import RetryDesk
from consumers.delivery.parking import Lanes, Parking
from consumers.delivery.ports import BatchHandler, OffsetKeeper
from consumers.delivery.progress import Progress
from consumers.delivery.settings import RetrySettings
from consumers.delivery.work import Worker
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from tests.unit.consumers.delivery.samples import HOME, FakeSource, message, offsets_of, until


@dataclass
class Rig:
    """A loop on a log in memory."""

    keeper: OffsetKeeper
    source: FakeSource
    halt: asyncio.Event = field(default_factory=asyncio.Event)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    retries: InMemoryRetries = field(default_factory=lambda: InMemoryRetries("nlp"))
    retrying: RetrySettings = field(default_factory=RetrySettings)

    def __post_init__(self) -> None:
        progress, lanes = Progress("chat-test", timedelta(seconds=60)), Lanes("nlp")
        self.commits = Commits(self.source, timedelta(milliseconds=5))
        self.assignment = Assignment(self.source, self.commits, self.halt, lanes, progress)
        worker = Worker(
            "chat-test",
            self.keeper,
            InMemoryDeadLetters(),
            RetryDesk("chat-test", self.keeper, self.retries, lanes, Parking(self.retrying)),
            progress,
            HybridLogicalClock(),
            self.halt,
            Backoff(first=timedelta(milliseconds=1), cap=timedelta(milliseconds=2)),
        )
        self.loop = ConsumeLoop(
            "chat-test", self.source, self.assignment, worker, self.commits, progress, 10
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        """Run the loop until something is true."""
        running = asyncio.create_task(self.loop.run(self.stop))
        await until(condition)
        self.assignment.stop()
        self.stop.set()
        await running


def log_of(count: int) -> FakeSource:
    return FakeSource({HOME: [message(offset) for offset in range(count)]})


@pytest.fixture
def shared() -> SharedOffsets:
    return SharedOffsets()


async def test_reading_starts_where_the_table_says(shared: SharedOffsets) -> None:
    """Kafka's commit is behind or ahead; the table is the truth."""
    shared.positions[HOME] = 3
    source = log_of(6)
    source.commits = [{HOME: 6}]
    rig = Rig(InMemoryOffsets(shared), source)
    await rig.assignment.on_partitions_assigned([HOME])
    await rig.until(lambda: len(shared.stored) == 3)
    await rig.commits.flush()
    assert offsets_of(shared.stored) == [3, 4, 5]
    assert source.commits[-1] == {HOME: 6}


async def test_without_a_table_the_commit_says() -> None:
    """A plain handler goes on after the last commit."""
    handled: list[int] = []

    class Handler(BatchHandler):
        async def handle(self, batch: object) -> None:
            handled.extend(offsets_of(batch))  # type: ignore[arg-type]

    source = log_of(4)
    source.commits = [{HOME: 2}]
    rig = Rig(KafkaOffsets(source, Handler()), source)
    await rig.assignment.on_partitions_assigned([HOME])
    await rig.until(lambda: len(handled) == 2)
    assert handled == [2, 3]


async def test_nothing_is_read_before_the_position_is_known(shared: SharedOffsets) -> None:
    """While the keeper cannot tell, new partitions stay paused."""
    rig = Rig(InMemoryOffsets(shared), log_of(2))
    await rig.assignment.on_partitions_assigned([HOME])
    assert rig.source.paused == {HOME}
    assert not rig.assignment.owns(HOME)


async def test_a_fenced_member_reads_the_position_again(shared: SharedOffsets) -> None:
    """Another member was quicker: go on from where it got to."""
    keeper = InMemoryOffsets(shared)
    rig = Rig(keeper, log_of(6))
    await rig.assignment.on_partitions_assigned([HOME])
    await rig.assignment.place(keeper)
    shared.positions[HOME] = 4
    await rig.until(lambda: len(shared.stored) == 2)
    assert offsets_of(shared.stored) == [4, 5]


async def test_handing_back_waits_for_the_batch_and_commits_it(shared: SharedOffsets) -> None:
    """A rebalance finds the work of the batch under way committed."""
    release = asyncio.Event()

    class Slow(InMemoryOffsets):
        async def store(self, *args: object) -> None:
            await release.wait()
            await super().store(*args)  # type: ignore[arg-type]

    rig = Rig(Slow(shared), log_of(3))
    await rig.assignment.on_partitions_assigned([HOME])
    running = asyncio.create_task(rig.loop.run(rig.stop))
    await until(lambda: not rig.assignment.idle.is_set())
    async with asyncio.timeout(5):
        revoking = asyncio.create_task(rig.assignment.on_partitions_revoked([HOME]))
        await asyncio.sleep(0.01)
        assert not revoking.done()
        release.set()
        await revoking
    assert rig.source.commits == [{HOME: 3}]
    rig.stop.set()
    await running


async def test_handing_back_ends_a_wait_with_nothing_committed(shared: SharedOffsets) -> None:
    """A member that waits for its database lets go at once; the next owner does the work."""

    def away(_: object) -> None:
        raise RetryableError("database away")

    rig = Rig(InMemoryOffsets(shared, away), log_of(3))
    await rig.assignment.on_partitions_assigned([HOME])
    running = asyncio.create_task(rig.loop.run(rig.stop))
    await until(lambda: not rig.assignment.idle.is_set())
    async with asyncio.timeout(5):
        await rig.assignment.on_partitions_revoked([HOME])
    assert rig.source.commits == []
    assert shared.stored == []
    rig.stop.set()
    await running
