"""Working a batch: buried before stored, isolated to the culprit, patient with outages."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from consumers.delivery.backoff import Backoff
from consumers.delivery.errors import AbandonedError, FencedError
from consumers.delivery.memory import (
    InMemoryDeadLetters,
    InMemoryOffsets,
    InMemoryRetries,
    SharedOffsets,
)
from consumers.delivery.parked import RetryDesk
from consumers.delivery.parking import Lanes
from consumers.delivery.ports import Delivered, Offsets, Partition
from consumers.delivery.progress import Progress
from consumers.delivery.work import Worker, next_offsets
from runtime.clock import HybridLogicalClock
from runtime.errors import InvalidEventError, RetryableError
from tests.unit.consumers.delivery.samples import HOME, MESSAGE, garbage, message, offsets_of

QUICK = Backoff(first=timedelta(milliseconds=1), cap=timedelta(milliseconds=2))


@dataclass
class Bench:
    """A worker on twins in memory."""

    keeper: InMemoryOffsets = field(default_factory=InMemoryOffsets)
    dead_letters: InMemoryDeadLetters = field(default_factory=InMemoryDeadLetters)
    halt: asyncio.Event = field(default_factory=asyncio.Event)
    clock: HybridLogicalClock = field(default_factory=HybridLogicalClock)
    backoff: Backoff = QUICK
    retries: InMemoryRetries = field(default_factory=lambda: InMemoryRetries("nlp"))

    @property
    def worker(self) -> Worker:
        progress = Progress("chat-test", timedelta(seconds=60))
        return Worker(
            "chat-test",
            self.keeper,
            self.dead_letters,
            RetryDesk("chat-test", self.keeper, self.retries, Lanes("nlp")),
            progress,
            self.clock,
            self.halt,
            self.backoff,
        )

    @property
    def stored(self) -> list[int]:
        return offsets_of(self.keeper.shared.stored)

    @property
    def buried(self) -> list[tuple[int, str]]:
        return [(record.offset, reason) for record, reason in self.dead_letters.buried]


def refusing(*offsets: int, error: Exception, times: int = 1_000) -> "Refusal":
    return Refusal(set(offsets), error, times)


@dataclass
class Refusal:
    """Raises when a batch holds one of the offsets, so many times."""

    offsets: set[int]
    error: Exception
    times: int

    def __call__(self, batch: Sequence[Delivered]) -> None:
        if self.times and self.offsets & set(offsets_of(batch)):
            self.times -= 1
            raise self.error


async def test_a_batch_is_stored_with_the_position_after_it() -> None:
    """The offsets handed back are last + 1 for each partition."""
    bench = Bench()
    records = [message(4), message(5), message(9, partition=1)]
    upto = await bench.worker.work(records)
    assert upto == {HOME: 6, Partition("chat-messages", 1): 10} == bench.keeper.shared.positions
    assert bench.stored == [4, 5, 9]


async def test_poison_is_buried_before_the_position_moves() -> None:
    """When the dead letter is written nothing of the batch is stored or committed yet."""
    bench = Bench()

    def nothing_moved() -> None:
        assert bench.keeper.shared.positions == {}

    bench.dead_letters.before = nothing_moved
    await bench.worker.work([message(0), garbage(1), message(2), garbage(3)])
    assert bench.buried == [(1, "null_header"), (3, "null_header")]
    assert bench.stored == [0, 2]
    assert bench.keeper.shared.positions == {HOME: 4}


async def test_a_failing_dead_letter_topic_holds_the_position() -> None:
    """Burying is tried again; what is not surely kept is never skipped."""
    bench, failures = Bench(), [RetryableError("broker away")] * 3

    def fail() -> None:
        assert bench.keeper.shared.positions == {}
        if failures:
            raise failures.pop()

    bench.dead_letters.before = fail
    await bench.worker.work([garbage(0)])
    assert bench.buried == [(0, "null_header")]
    assert bench.keeper.shared.positions == {HOME: 1}


async def test_an_outage_is_waited_out_and_buries_nothing() -> None:
    """`RetryableError` brings the same batch again, as often as it takes."""
    bench = Bench()
    bench.keeper.before = refusing(1, error=RetryableError("database away"), times=20)
    await bench.worker.work([message(0), message(1)])
    assert bench.stored == [0, 1]
    assert bench.buried == []


async def test_a_halt_ends_the_wait_with_nothing_stored() -> None:
    """A stop or a rebalance does not wait for the database to come back."""
    bench = Bench(backoff=Backoff(first=timedelta(hours=1), cap=timedelta(hours=1)))
    bench.keeper.before = refusing(0, error=RetryableError("database away"))
    working = asyncio.create_task(bench.worker.work([message(0)]))
    await asyncio.sleep(0)
    bench.halt.set()
    async with asyncio.timeout(1):
        with pytest.raises(AbandonedError):
            await working
    assert bench.stored == []
    assert bench.buried == []


async def test_only_the_culprit_is_buried() -> None:
    """A batch that is refused is worked one by one."""
    bench = Bench()
    bench.keeper.before = refusing(2, error=InvalidEventError("refused_by_database"))
    await bench.worker.work([message(offset) for offset in range(5)])
    assert bench.stored == [0, 1, 3, 4]
    assert bench.buried == [(2, "refused_by_database")]
    assert bench.keeper.shared.positions == {HOME: 5}


async def test_an_unforeseen_error_is_tried_three_times_on_its_own() -> None:
    """A bug in a handler costs the record that shows it, and no other."""
    bench = Bench()
    refusal = refusing(1, error=ZeroDivisionError(), times=1 + 3)
    bench.keeper.before = refusal
    await bench.worker.work([message(0), message(1), message(2)])
    assert refusal.times == 0
    assert bench.stored == [0, 2]
    assert bench.buried == [(1, "handler_error")]


async def test_an_unforeseen_error_may_pass() -> None:
    """What succeeds at the third try is stored, not buried."""
    bench = Bench()
    bench.keeper.before = refusing(0, error=ZeroDivisionError(), times=2)
    await bench.worker.work([message(0)])
    assert bench.stored == [0]
    assert bench.buried == []


async def test_the_clock_has_seen_every_event() -> None:
    """What the process stamps next sorts after what it has read."""
    behind = MESSAGE.occurred_at - timedelta(seconds=30)
    bench = Bench(clock=HybridLogicalClock(now=lambda: behind))
    await bench.worker.work([message(0)])
    assert bench.clock.stamp() > MESSAGE.occurred_at


async def test_a_zombie_stores_nothing() -> None:
    """A member whose partition another has moved is refused, even when it is further along."""
    shared = SharedOffsets()
    zombie, owner = InMemoryOffsets(shared), InMemoryOffsets(shared)
    await zombie.load([HOME])
    await owner.load([HOME])
    await Bench(keeper=owner).worker.work([message(0), message(1)])
    with pytest.raises(FencedError):
        await Bench(keeper=zombie).worker.work([message(offset) for offset in range(5)])
    assert offsets_of(shared.stored) == [0, 1]
    assert await zombie.load([HOME]) == {HOME: 2}


class Cancelling(InMemoryOffsets):
    """Is cancelled inside the handler."""

    async def store(self, *_: object) -> None:
        raise asyncio.CancelledError


async def test_a_cancelled_handler_is_not_a_failed_one() -> None:
    """Cancelling is never taken for an error of the record."""
    bench = Bench(keeper=Cancelling())
    with pytest.raises(asyncio.CancelledError):
        await bench.worker.work([message(0), message(1)])
    assert bench.buried == []


@pytest.mark.parametrize(
    ("offsets", "expected"),
    [([], {}), ([3], {HOME: 4}), ([3, 7, 4], {HOME: 8})],
)
def test_the_next_offset_is_after_the_last(offsets: Iterable[int], expected: Offsets) -> None:
    """Gaps that compaction or transactions leave do not matter."""
    assert next_offsets([message(offset) for offset in offsets]) == expected
