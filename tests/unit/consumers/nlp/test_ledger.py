"""The log of model events, folded: one job, one worker, one version, whoever reads it."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from consumers.nlp.service.ledger import SILENCE_SECONDS, Ledger
from schemas.events.models import (
    CancelTraining,
    JobKind,
    ModelPromoted,
    ModelRegistered,
    TrainingFinished,
    TrainingProgressed,
    TrainingStarted,
    TrainModel,
)
from schemas.generate.examples import EXAMPLES


@dataclass
class Watch:
    """A clock that a test moves."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


def example(kind: type[Any], /, **changed: object) -> Any:  # noqa: ANN401 - any of the events
    """Return the contract's example of an event, with some fields changed."""
    found = next(each for each in EXAMPLES if isinstance(each, kind))
    return found.model_copy(update={"event_id": uuid4(), **changed})


KINDS = (JobKind.HEAD,)
JOB: UUID = example(TrainModel).job_id


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def ledger(watch: Watch) -> Ledger:
    """A ledger that knows of one job."""
    ledger = Ledger(watch)
    ledger.note(example(TrainModel))
    return ledger


def test_a_job_waits_until_somebody_claims_it(ledger: Ledger) -> None:
    """A job is offered to all, and to nobody once a claim stands on the log."""
    job = ledger.next_job(KINDS)
    assert job is not None
    assert job.asked.job_id == JOB
    ledger.note(example(TrainingStarted, worker="a", attempt=1))
    assert ledger.next_job(KINDS) is None


def test_the_first_claim_on_the_log_holds(ledger: Ledger) -> None:
    """Two replicas claim the same attempt: the log's order decides."""
    ledger.note(example(TrainingStarted, worker="a", attempt=1))
    ledger.note(example(TrainingStarted, worker="b", attempt=1))
    assert ledger.holds(JOB, "a", 1)
    assert not ledger.holds(JOB, "b", 1)


def test_a_silent_worker_loses_its_job(ledger: Ledger, watch: Watch) -> None:
    """Progress keeps a claim alive; without it the job is offered again, as the next attempt."""
    ledger.note(example(TrainingStarted, worker="a", attempt=1))
    watch.now += SILENCE_SECONDS
    ledger.note(example(TrainingProgressed, worker="a", attempt=1))
    watch.now += SILENCE_SECONDS
    assert ledger.next_job(KINDS) is None
    watch.now += 1
    ledger.note(example(TrainingProgressed, worker="stranger", attempt=1))
    job = ledger.next_job(KINDS)
    assert job is not None
    assert job.attempt == 1
    ledger.note(example(TrainingStarted, worker="b", attempt=2))
    assert not ledger.holds(JOB, "a", 1)
    assert ledger.holds(JOB, "b", 2)


def test_an_ended_job_stays_ended(ledger: Ledger) -> None:
    """Whatever comes late or twice, a job that has ended is offered to nobody."""
    ledger.note(example(TrainingFinished))
    ledger.note(example(TrainModel))
    ledger.note(example(TrainingStarted, worker="late", attempt=1))
    assert ledger.next_job(KINDS) is None


def test_a_cancellation_is_remembered_even_before_its_job(watch: Watch) -> None:
    """The wish to stop is known whichever of the two is read first."""
    ledger = Ledger(watch)
    ledger.note(example(CancelTraining))
    ledger.note(example(TrainModel))
    job = ledger.next_job(KINDS)
    assert job is not None
    assert job.cancelled


def test_the_last_promotion_answers_and_the_first_registration_counts(ledger: Ledger) -> None:
    """A version is never replaced under its name; promotions follow each other."""
    first = example(ModelRegistered)
    ledger.note(first)
    ledger.note(example(ModelRegistered, size=999))
    ledger.note(example(ModelPromoted))
    ledger.note(example(ModelPromoted, version="intents-other"))
    assert ledger.versions[first.version] == first
    assert ledger.promoted is not None
    assert ledger.promoted.version == "intents-other"


def test_what_stood_on_the_log_is_not_silence(ledger: Ledger, watch: Watch) -> None:
    """A replica that has just started gives a worker its time before it takes the job away."""
    ledger.note(example(TrainingStarted, worker="a", attempt=1))
    watch.now += 10 * SILENCE_SECONDS
    ledger.restart_clocks()
    assert ledger.next_job(KINDS) is None
