"""Working a job: claimed, told of, ended once, and never left behind."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from consumers.nlp.errors import TrainingError
from consumers.nlp.service.ledger import HOPELESS_SECONDS, MAX_ATTEMPTS, Job, Ledger
from consumers.nlp.service.training import TRAIN_EXTRA_MISSING, Trainer, version_of
from consumers.nlp.service.workshop import File, Product, Step
from producers.memory import InMemoryEventPublisher
from producers.ports import Published, PublishStatus
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.envelope import Event
from schemas.events.models import (
    CancelTraining,
    Example,
    JobKind,
    ModelKind,
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
    encoder: File | None = None
    storing: float = 0.0
    """Seconds that it takes to store a sentence model."""
    kinds: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def work(
        self, kind: str, examples: Sequence[Example], *, extend: bool
    ) -> AsyncIterator["Bench"]:
        self.kinds.append(kind)
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
        return Product(File(b"head", "f" * 64), "axis", ("a", "b"), METRICS, self.encoder)

    async def examples(self, stored: Stored, job_id: UUID) -> Sequence[Example]:
        return (Example(text="x", intent="a"),)

    async def put_head(self, version: str, head: File, job_id: UUID) -> Stored:
        return Stored(partition=0, offset=7, parts=1, sha256=head.sha256)

    async def put_encoder(self, version: str, encoder: File, job_id: UUID) -> Stored:
        await asyncio.sleep(self.storing)
        return Stored(partition=0, offset=3, parts=2, sha256=encoder.sha256)


def trainer(
    bench: Bench, kinds: Sequence[str] = (JobKind.HEAD, JobKind.FINE_TUNE), deadline: float = 60.0
) -> Trainer:
    return Trainer(
        ledger=bench.log.ledger,
        publisher=bench.log,
        clock=HybridLogicalClock(),
        store=bench,
        workshop=bench,
        worker="here",
        kinds=kinds,
        deadline=deadline,
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


async def test_a_tuned_model_is_registered_with_its_encoder() -> None:
    """The version says where both files stand, and of which kind it is."""
    bench = Bench(encoder=File(b"network", "e" * 64))
    bench.log.ledger.note(example(TrainModel, kind=JobKind.FINE_TUNE))
    await trainer(bench).look()
    [registered] = [each for each in bench.log.events if isinstance(each, ModelRegistered)]
    assert bench.kinds == [JobKind.FINE_TUNE]
    assert registered.kind == ModelKind.TUNED
    assert registered.encoder is not None
    assert (registered.encoder.sha256, registered.encoder_size) == ("e" * 64, 7)
    assert registered.stored is not None
    assert registered.stored.sha256 == "f" * 64


async def test_the_claim_is_kept_while_a_large_file_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Progress is told all the time, so that nobody takes the job over; nothing twice."""
    monkeypatch.setattr("consumers.nlp.service.training.HEARTBEAT_SECONDS", 0.02)
    events = await taken(Bench(encoder=File(b"network", "e" * 64), storing=0.2))
    phases = [each.phase for each in events if isinstance(each, TrainingProgressed)]
    assert phases.count(Phase.STORING) > 2
    assert len({each.event_id for each in events}) == len(events)
    assert ends(events) == [(Outcome.SUCCEEDED, None)]


async def test_a_job_is_cancelled_while_its_file_is_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Storing is given up as well, and no version is registered."""
    monkeypatch.setattr("consumers.nlp.service.training.HEARTBEAT_SECONDS", 0.02)
    bench = Bench(encoder=File(b"network", "e" * 64), storing=30.0)
    bench.log.ledger.note(example(TrainModel))
    working = asyncio.create_task(trainer(bench).look())
    async with asyncio.timeout(20):
        while not [e for e in bench.log.events if getattr(e, "phase", "") == Phase.STORING]:
            await asyncio.sleep(0.01)
        bench.log.ledger.note(example(CancelTraining))
        await working
    assert ends(bench.log.events) == [(Outcome.CANCELLED, None)]
    assert not [each for each in bench.log.events if isinstance(each, ModelRegistered)]


async def test_a_job_that_takes_too_long_fails() -> None:
    """The deadline ends it with its reason, and its worker with it."""
    bench = Bench()
    bench.log.ledger.note(example(TrainModel))
    await trainer(bench, deadline=0.0).look()
    assert ends(bench.log.events) == [(Outcome.FAILED, "it took longer than 0 seconds")]
    assert bench.left


async def test_a_job_that_needs_the_extra_is_left_to_those_that_have_it() -> None:
    """A replica without torch claims nothing that needs it, and works what comes after it."""
    bench = Bench()
    bench.log.ledger.note(example(TrainModel, kind=JobKind.FINE_TUNE))
    plain = example(TrainModel).model_copy(update={"job_id": bench_job()})
    bench.log.ledger.note(plain)
    await trainer(bench, kinds=[JobKind.HEAD]).look()
    assert bench.kinds == [JobKind.HEAD]
    assert JOB in bench.log.ledger.jobs


async def test_a_job_that_nobody_can_work_fails_with_a_clear_error() -> None:
    """After a minute in which nobody worked anything; not while somebody does."""
    watch = Watch()
    bench = Bench(log=Log(ledger=Ledger(watch)))
    bench.log.ledger.note(example(TrainModel, kind=JobKind.FINE_TUNE))
    without = trainer(bench, kinds=[JobKind.HEAD])
    await without.look()
    assert bench.log.events == []
    watch.now += HOPELESS_SECONDS + 1
    bench.log.ledger.note(example(TrainingProgressed, job_id=bench_job()))
    await without.look()
    assert bench.log.events == []
    watch.now += HOPELESS_SECONDS + 1
    await without.look()
    assert ends(bench.log.events) == [(Outcome.FAILED, TRAIN_EXTRA_MISSING)]
    assert TRAIN_EXTRA_MISSING.startswith("train_extra_missing: ")


def bench_job() -> UUID:
    """Another job than the example's."""
    return UUID(int=JOB.int ^ 1)
