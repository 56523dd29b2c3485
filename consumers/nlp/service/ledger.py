"""What the log of model events says: which jobs wait, who works them, and which version answers."""

from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from uuid import UUID

from schemas.events.envelope import Event
from schemas.events.models import (
    CancelTraining,
    ModelPromoted,
    ModelRegistered,
    TrainingFinished,
    TrainingProgressed,
    TrainingStarted,
    TrainModel,
)

MAX_ATTEMPTS = 3
"""A job whose worker dies this often is given up: it would kill the next one as well."""
SILENCE_SECONDS = 20.0
"""A worker that is not heard of for so long is gone; it speaks every 2 seconds."""
HOPELESS_SECONDS = 60.0
"""Who could work a job would have taken it up by then, also one that has just been restarted."""


@dataclass(frozen=True)
class Job:
    """A training job that has not ended; `heard` is the local time of its latest event."""

    asked: TrainModel
    heard: float
    attempt: int = 0
    worker: str | None = None
    cancelled: bool = False


class Ledger:
    """
    Folds the log of model events into a state; the same log gives every replica the same one.

    The log has one partition, so it has one order: the first claim to an attempt holds, the first
    end of a job counts, the first registration of a version is it, the last promotion answers.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._worked = now()
        """When anybody was last heard of working anything."""
        self._ended: set[UUID] = set()
        self._cancelled: set[UUID] = set()
        self.jobs: OrderedDict[UUID, Job] = OrderedDict()
        self.versions: dict[str, ModelRegistered] = {}
        self.promoted: ModelPromoted | None = None

    def note(self, event: Event) -> None:
        """Take one event in; those that change nothing any more are passed over."""
        if isinstance(event, TrainingStarted | TrainingProgressed | TrainingFinished):
            self._worked = self._now()
        match event:
            case TrainModel() if event.job_id not in self._ended | self.jobs.keys():
                cancelled = event.job_id in self._cancelled
                self.jobs[event.job_id] = Job(event, self._now(), cancelled=cancelled)
            case CancelTraining():
                self._cancel(event.job_id)
            case TrainingStarted():
                self._start(event)
            case TrainingProgressed():
                self._hear(event)
            case TrainingFinished():
                self.end(event.job_id)
            case ModelRegistered():
                self.versions.setdefault(event.version, event)
            case ModelPromoted():
                self.promoted = event

    def next_job(self, kinds: Collection[str]) -> Job | None:
        """The oldest job of these kinds that nobody works; its worker may have been lost."""
        return next((job for job in self._waiting() if job.asked.kind in kinds), None)

    def hopeless_job(self, kinds: Collection[str]) -> Job | None:
        """
        The oldest job of other kinds that, by all that can be known, nobody will take up.

        While anybody works a job, that one may be who takes this one next.
        """
        long_ago = self._now() - HOPELESS_SECONDS
        if self._worked > long_ago:
            return None
        left = (job for job in self._waiting() if job.asked.kind not in kinds)
        return next((job for job in left if job.heard <= long_ago), None)

    def _waiting(self) -> list[Job]:
        now = self._now()
        return [
            job
            for job in self.jobs.values()
            if job.worker is None or now - job.heard > SILENCE_SECONDS
        ]

    def holds(self, job_id: UUID, worker: str, attempt: int) -> bool:
        """Whether this attempt of this worker is the one that counts."""
        job = self.jobs.get(job_id)
        return job is not None and (job.worker, job.attempt) == (worker, attempt)

    def end(self, job_id: UUID) -> None:
        """Forget a job that has ended."""
        self._ended.add(job_id)
        self.jobs.pop(job_id, None)

    def restart_clocks(self) -> None:
        """Count silence from now on: what stood on the log was not heard when it was said."""
        self._worked = now = self._now()
        self.jobs = OrderedDict((key, replace(job, heard=now)) for key, job in self.jobs.items())

    def _start(self, event: TrainingStarted) -> None:
        job = self.jobs.get(event.job_id)
        if job is not None and event.attempt == job.attempt + 1:
            self.jobs[event.job_id] = replace(
                job, attempt=event.attempt, worker=event.worker, heard=self._now()
            )

    def _hear(self, event: TrainingProgressed) -> None:
        if self.holds(event.job_id, event.worker, event.attempt):
            self.jobs[event.job_id] = replace(self.jobs[event.job_id], heard=self._now())

    def _cancel(self, job_id: UUID) -> None:
        self._cancelled.add(job_id)
        if job_id in self.jobs:
            self.jobs[job_id] = replace(self.jobs[job_id], cancelled=True)
