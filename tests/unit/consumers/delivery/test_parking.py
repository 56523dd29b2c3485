"""What fails by itself waits on the retry topic with everything behind it, and nobody else does."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from consumers.delivery.assignment import Assignment
from consumers.delivery.backoff import Backoff
from consumers.delivery.commit import Commits
from consumers.delivery.loop import ConsumeLoop
from consumers.delivery.memory import (
    InMemoryDeadLetters,
    InMemoryOffsets,
    InMemoryRetries,
    SharedOffsets,
)
from consumers.delivery.parked import RetryDesk
from consumers.delivery.parking import Lanes, Parking
from consumers.delivery.ports import Delivered, Partition, Record
from consumers.delivery.progress import Progress
from consumers.delivery.settings import RetrySettings
from consumers.delivery.work import Worker
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError, TransientError
from tests.unit.consumers.delivery.samples import HOME, FakeSource, said_in, until

RETRY = Partition("chat-messages-nlp-retry", 0)
SICK, WELL = uuid4(), uuid4()
SOON = RetrySettings(first=timedelta(milliseconds=20), longest=timedelta(milliseconds=20))


@dataclass
class Trouble:
    """Fails for one conversation, so many times."""

    times: int
    conversation: UUID = SICK
    error: Exception = field(default_factory=lambda: TransientError("its model did not answer"))

    def __call__(self, batch: Sequence[Delivered]) -> None:
        if self.times and any(key_of(each.record) == self.conversation for each in batch):
            # A batch that is isolated is not a try of the record itself.
            self.times -= len(batch) == 1
            raise self.error


def key_of(record: Record) -> UUID:
    return UUID((record.key or b"").decode())


@dataclass
class Group:
    """A consumer's log, table and topics; members of it come one after the other."""

    trouble: Callable[[Sequence[Delivered]], None]
    settings: RetrySettings = SOON
    shared: SharedOffsets = field(default_factory=SharedOffsets)
    dead_letters: InMemoryDeadLetters = field(default_factory=InMemoryDeadLetters)

    def __post_init__(self) -> None:
        self.source = FakeSource({HOME: [], RETRY: []})
        self.retries = InMemoryRetries("nlp", self.source.log[RETRY])

    def say(self, *conversations: UUID) -> None:
        """Put a message of each conversation on the topic."""
        log = self.source.log[HOME]
        for each in conversations:
            log.append(said_in(each, len(log)))

    async def work_until(self, condition: Callable[[], bool]) -> None:
        """Let a new member work until something is true, then kill it."""
        self.source.paused, self.source.positions = set(), {}
        halt, stop = asyncio.Event(), asyncio.Event()
        keeper, lanes = InMemoryOffsets(self.shared, self.trouble), Lanes("nlp")
        progress = Progress("chat-nlp", timedelta(seconds=60))
        commits = Commits(self.source, timedelta(seconds=1))
        assignment = Assignment(self.source, commits, halt, lanes, progress)
        desk = RetryDesk("chat-nlp", keeper, self.retries, lanes, Parking(self.settings))
        worker = Worker(
            "chat-nlp",
            keeper,
            self.dead_letters,
            desk,
            progress,
            HybridLogicalClock(),
            halt,
            Backoff(first=timedelta(milliseconds=1), cap=timedelta(milliseconds=2)),
        )
        loop = ConsumeLoop("chat-nlp", self.source, assignment, worker, commits, progress, 10)
        await assignment.on_partitions_assigned([HOME, RETRY])
        running = asyncio.create_task(loop.run(stop))
        try:
            await until(condition)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def stored(self, conversation: UUID | None = None) -> list[bytes]:
        """Return what was stored, in order."""
        return [
            each.record.value or b""
            for each in self.shared.stored
            if conversation in {None, key_of(each.record)}
        ]

    def said(self, conversation: UUID) -> list[bytes]:
        """Return what was said, in order."""
        return [each.value or b"" for each in self.source.log[HOME] if key_of(each) == conversation]


async def test_the_order_of_a_key_outlives_a_failure() -> None:
    """What was said after a record that fails is worked after it; neighbours do not wait."""
    group = Group(Trouble(times=3))
    group.say(SICK, WELL, SICK, WELL, SICK)
    await group.work_until(lambda: len(group.shared.stored) == 5)
    assert group.stored(SICK) == group.said(SICK)
    assert group.stored()[:2] == group.said(WELL)
    assert group.dead_letters.buried == []
    assert len(group.retries.records) == 3


async def test_records_that_come_later_wait_too() -> None:
    """A key is parked until its oldest record is done, whenever the others come."""
    group = Group(Trouble(times=2))
    group.say(SICK)

    def all_said() -> bool:
        if len(group.source.log[HOME]) < 4 and group.retries.records:
            group.say(SICK)
        return len(group.shared.stored) == 4

    await group.work_until(all_said)
    assert group.stored(SICK) == group.said(SICK)


async def test_parked_records_survive_the_process() -> None:
    """The next owner reads what is parked before it reads on, and keeps the order."""
    trouble = Trouble(times=1_000)
    group = Group(trouble, RetrySettings(first=timedelta(seconds=30)))
    group.say(SICK, WELL, SICK)
    await group.work_until(lambda: len(group.retries.records) == 2)
    group.say(SICK, WELL)
    assert group.shared.positions[HOME] == 3
    trouble.times = 0
    for number, record in enumerate(group.retries.records):
        group.source.log[RETRY][number] = made_due(record)
    await group.work_until(lambda: len(group.shared.stored) == 5)
    assert group.stored(SICK) == group.said(SICK)
    assert group.shared.positions == {HOME: 5, RETRY: 2}


async def test_tries_are_bounded() -> None:
    """In the end it is dead-lettered as what it was, and those behind it have their turn."""
    group = Group(Trouble(times=1 + SOON.attempts))
    group.say(SICK, SICK)
    await group.work_until(lambda: len(group.shared.stored) == 1)
    assert [reason for _, reason in group.dead_letters.buried] == ["retries_exhausted"]
    assert group.stored() == group.said(SICK)[1:]
    assert group.shared.positions == {HOME: 2, RETRY: 2}


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionResetError(), MemoryError()])
async def test_the_surroundings_are_not_the_records_fault(error: Exception) -> None:
    """A time-out or a refused connection is tried again later, not dead-lettered."""
    group = Group(Trouble(times=1, error=error))
    group.say(SICK)
    await group.work_until(lambda: len(group.shared.stored) == 1)
    assert len(group.retries.records) == 1
    assert group.dead_letters.buried == []


async def test_too_many_of_a_key_end_its_patience() -> None:
    """With too many behind it a record is not tried again, and the row gets shorter."""
    settings = RetrySettings(first=timedelta(hours=1), longest=timedelta(hours=1), per_key=3)
    group = Group(Trouble(times=1_000), settings)
    group.say(*[SICK] * 6)
    await group.work_until(lambda: len(group.dead_letters.buried) == 3)
    assert [record.value for record, _ in group.dead_letters.buried] == group.said(SICK)[:3]


async def test_too_many_altogether_stop_the_reading() -> None:
    """When everything fails it is an outage: nothing new is read until some of it is done."""
    trouble = Trouble(times=0)
    group = Group(trouble, RetrySettings(first=timedelta(milliseconds=200), total=4))
    sick = [uuid4() for _ in range(30)]

    def fail(batch: Sequence[Delivered]) -> None:
        if batch and trouble.times == 0:
            raise TransientError("all of them")

    group.trouble = fail
    group.say(*sick)
    await group.work_until(lambda: HOME in group.source.paused)
    assert len(group.retries.records) < len(sick)
    trouble.times = 1
    await group.work_until(lambda: len({key_of(r.record) for r in group.shared.stored}) == 30)


async def test_a_retry_topic_that_is_away_holds_the_position() -> None:
    """What is not surely parked is not passed."""
    failures = [RetryableError("broker away")] * 3
    group = Group(Trouble(times=1))

    def fail() -> None:
        assert group.shared.positions == {}
        if failures:
            raise failures.pop()

    group.retries.before = fail
    group.say(SICK)
    await group.work_until(lambda: len(group.shared.stored) == 1)
    assert failures == []


def made_due(record: Record) -> Record:
    """Return a parked record that may be tried at once."""
    headers = tuple((k, b"0" if k == "retry.due" else v) for k, v in record.headers)
    return Record(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        headers,
        record.timestamp,
    )
