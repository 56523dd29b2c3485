"""Working a job: claimed, told of, ended once, and never left behind."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from consumers.nlp.errors import TrainingError
from consumers.nlp.service.ledger import MAX_ATTEMPTS, Job, Ledger
from consumers.nlp.service.training import Product, Step, Trainer, version_of
from producers.memory import InMemoryEventPublisher
from producers.ports import Published, PublishStatus
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.envelope import Event
from schemas.events.models import (
    CancelTraining,
    Example,
    ModelRegistered,
    Outcome,
    Phase,
    Stored,
    TrainingFinished,
    TrainingProgressed,
    TrainingStarted,
    TrainModel,
)
from tests.unit.consumers.nlp.test_ledger import JOB, Watch, example

METRICS = example(ModelRegistered).metrics
STEPS = (Step(Phase.EMBEDDING, 64, 128), Step(Phase.EMBEDDING, 128, 128))


@dataclass
class Log(InMemoryEventPublisher):
    """A log that is read by the ledger the moment it is written."""

    ledger: Ledger = field(default_factory=lambda: Ledger(Watch()))

    async def publish(self, event: Event) -> Published:
        published = await super().publish(event)
        if published.accepted:
            self.ledger.note(event)
        return published


@dataclass
class Bench:
    """A workshop and a store that do as the test says."""

    steps_to_make: Sequence[Step] = STEPS
    failure: Exception | None = None
    before: Sequence[Event] = ()
    """Stands on the log before the second step."""
    log: Log = field(default_factory=Log)
    left: bool = False

    @asynccontextmanager
    async def work(self, examples: Sequence[Example], *, extend: bool) -> AsyncIterator["Bench"]:
        try:
            yield self
        finally:
            self.left = True

    async def steps(self) -> AsyncIterator[Step]:
        for number, step in enumerate(self.steps_to_make):
            if number:
                for event in self.before:
                    self.log.ledger.note(event)
            yield step
        if self.failure is not None:
            raise self.failure

    async def product(self) -> Product:
        return Product(b"head", "f" * 64, "axis", ("a", "b"), METRICS)

    async def examples(self, stored: Stored, job_id: UUID) -> Sequence[Example]:
        return (Example(text="x", intent="a"),)

    async def put_head(self, version: str, content: bytes, sha256: str, job_id: UUID) -> Stored:
        return Stored(partition=0, offset=7, parts=1, sha256=sha256)


def trainer(bench: Bench) -> Trainer:
    return Trainer(
        ledger=bench.log.ledger,
        publisher=bench.log,
        clock=HybridLogicalClock(),
        store=bench,
        workshop=bench,
        worker="here",
    )


async def taken(bench: Bench, job: Job | None = None) -> list[Event]:
    """Let a trainer take the job; return what it told."""
    bench.log.ledger.note(example(TrainModel))
    await trainer(bench).take(job or bench.log.ledger.jobs[JOB])
    return bench.log.events


def ends(events: Sequence[Event]) -> list[tuple[str, str | None]]:
    return [(each.outcome, each.error) for each in events if isinstance(each, TrainingFinished)]


async def test_a_job_is_claimed_told_of_registered_and_ended() -> None:
    """Claim, progress step by step, the version, the end: in this order."""
    events = await taken(Bench())
    kinds = [type(each) for each in events]
    assert kinds == [
        TrainingStarted,
        *[TrainingProgressed] * 3,
        ModelRegistered,
        TrainingFinished,
    ]
    assert ends(events) == [(Outcome.SUCCEEDED, None)]
    registered = next(each for each in events if isinstance(each, ModelRegistered))
    assert registered.version == version_of(JOB)
    assert registered.stored is not None
    assert registered.stored.offset == 7


async def test_worked_twice_it_is_the_same_version() -> None:
    """A second worker of the same job makes the same event, which readers drop."""
    first, second = await taken(Bench()), await taken(Bench())
    ids = [
        {each.event_id for each in events if isinstance(each, ModelRegistered)}
        for events in (first, second)
    ]
    assert ids[0] == ids[1]


async def test_a_claim_that_comes_second_is_not_worked() -> None:
    """Somebody else's claim stands before ours: the job is theirs."""
    bench = Bench()
    bench.log.ledger.note(example(TrainModel))
    stale = bench.log.ledger.jobs[JOB]
    bench.log.ledger.note(example(TrainingStarted, worker="there", attempt=1))
    events = await taken(bench, stale)
    assert [type(each) for each in events] == [TrainingStarted]


async def test_a_cancelled_job_stops_and_its_worker_with_it() -> None:
    """The wish arrives between two steps: the worker is gone, the end says why."""
    bench = Bench(before=[example(CancelTraining)])
    assert ends(await taken(bench)) == [(Outcome.CANCELLED, None)]
    assert bench.left


async def test_a_job_taken_over_by_another_is_left_to_it() -> None:
    """A worker that was paused for too long tells nothing more when it wakes."""
    bench = Bench(before=[example(TrainingStarted, worker="there", attempt=2)])
    events = await taken(bench)
    assert ends(events) == []
    assert not [each for each in events if isinstance(each, ModelRegistered)]
    assert bench.left


async def test_what_can_never_be_learnt_fails_with_its_reason() -> None:
    """A refusal is told to who asked, and not tried again."""
    bench = Bench(failure=TrainingError("the examples are gone"))
    assert ends(await taken(bench)) == [(Outcome.FAILED, "the examples are gone")]


async def test_a_worker_that_dies_leaves_the_job_open() -> None:
    """Nothing is said of the end, so that the next attempt can be claimed."""
    bench = Bench(failure=RetryableError("status -9"))
    with pytest.raises(RetryableError):
        await taken(bench)
    assert ends(bench.log.events) == []


async def test_a_job_that_kills_its_workers_is_given_up() -> None:
    """After three attempts the job fails instead of killing a fourth worker."""
    bench = Bench()
    bench.log.ledger.note(example(TrainModel))
    for attempt in range(1, MAX_ATTEMPTS + 1):
        bench.log.ledger.note(example(TrainingStarted, worker="dead", attempt=attempt))
    events = await taken(bench)
    assert [outcome for outcome, _ in ends(events)] == [Outcome.FAILED]
    assert not [each for each in events if isinstance(each, TrainingStarted)]


async def test_an_unaccepted_claim_is_not_worked() -> None:
    """While the broker is away nothing begins."""
    bench = Bench()
    bench.log.status = PublishStatus.UNKNOWN
    with pytest.raises(RetryableError):
        await taken(bench)
    assert not bench.left


async def test_the_loop_takes_what_waits() -> None:
    """A job on the ledger is worked without being asked twice."""
    bench = Bench()
    running = asyncio.create_task(trainer(bench).run())
    bench.log.ledger.note(example(TrainModel))
    async with asyncio.timeout(20):
        while not ends(bench.log.events):
            await asyncio.sleep(0.01)
    running.cancel()
    assert ends(bench.log.events) == [(Outcome.SUCCEEDED, None)]
