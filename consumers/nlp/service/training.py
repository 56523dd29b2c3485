"""Works training jobs: takes one at a time off the ledger, and tells what becomes of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from itertools import count
from typing import Protocol
from uuid import UUID

import structlog

from consumers.nlp.errors import TrainingError
from consumers.nlp.service.ledger import MAX_ATTEMPTS, Job, Ledger
from producers.ports import EventPublisher
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.envelope import Event
from schemas.events.models import (
    Example,
    Metrics,
    ModelKind,
    ModelRegistered,
    Outcome,
    Phase,
    Stored,
    TrainingFinished,
    TrainingProgressed,
    TrainingStarted,
)
from schemas.ids import training_event_id

HEARTBEAT_SECONDS = 2.0
LOOK_SECONDS = 0.5

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Step:
    """How far a job has come."""

    phase: Phase
    done: int
    total: int


@dataclass(frozen=True, eq=False, slots=True)
class Product:
    """What a job gave: a head's file and what is known of it."""

    head: bytes
    sha256: str
    engine: str
    intents: tuple[str, ...]
    metrics: Metrics


class Running(Protocol):
    """A job at work somewhere else; leaving its context ends it at once."""

    def steps(self) -> AsyncIterator[Step]:
        """
        Tell each step as it is made, until the work is done.

        Raises:
            TrainingError: it cannot end well, however often it is tried.
            RetryableError: the worker died.
        """
        ...

    async def product(self) -> Product:
        """What it gave; after its last step."""
        ...


class Workshop(Protocol):
    """Where jobs are worked without holding up the event loop."""

    def work(
        self, examples: Sequence[Example], *, extend: bool
    ) -> AbstractAsyncContextManager[Running]:
        """Begin to work a job."""
        ...


class Store(Protocol):
    """Large things on the log, in parts."""

    async def examples(self, stored: Stored, job_id: UUID) -> Sequence[Example]:
        """
        What a job is to learn from.

        Raises:
            TrainingError: it is not there any more, or not what was stored.
            RetryableError: the broker is away.
        """
        ...

    async def put_head(self, version: str, content: bytes, sha256: str, job_id: UUID) -> Stored:
        """
        Store a head.

        Raises:
            RetryableError: the broker did not take it.
        """
        ...


def version_of(job_id: UUID) -> str:
    """The name of the version that a job makes: worked twice, it is the same version."""
    return f"intents-{job_id.hex[:12]}"


class Trainer:
    """
    Works the jobs of a ledger, one at a time.

    Every replica runs one; the log decides whose claim holds. A claim is lost when its worker has
    been silent for too long: then it stops, and what it told since does not count.
    """

    def __init__(
        self,
        *,
        ledger: Ledger,
        publisher: EventPublisher,
        clock: HybridLogicalClock,
        store: Store,
        workshop: Workshop,
        worker: str,
    ) -> None:
        self._ledger = ledger
        self._publisher = publisher
        self._clock = clock
        self._store = store
        self._workshop = workshop
        self._worker = worker

    async def run(self) -> None:
        """Look for work until cancelled."""
        while True:
            try:
                job = self._ledger.next_job()
                if job is not None:
                    await self.take(job)
            except RetryableError as error:
                logger.warning("training_waits", error=str(error))
                await asyncio.sleep(HEARTBEAT_SECONDS)
            await asyncio.sleep(LOOK_SECONDS)

    async def take(self, job: Job) -> None:
        """
        Claim a job and work it if the claim holds.

        Raises:
            RetryableError: the broker is away, or the worker died; the job can be taken again.
        """
        job_id, attempt = job.asked.job_id, job.attempt + 1
        if job.cancelled:
            await self._finish(job, Outcome.CANCELLED)
            return
        if attempt > MAX_ATTEMPTS:
            gone = f"its worker ended {MAX_ATTEMPTS} times without a result"
            await self._finish(job, Outcome.FAILED, error=gone)
            return
        await self._tell(
            TrainingStarted(
                event_id=self._id(job_id, TrainingStarted, f"{attempt} {self._worker}"),
                occurred_at=self._clock.stamp(),
                causation_id=job.asked.event_id,
                correlation_id=job.asked.correlation_id,
                job_id=job_id,
                worker=self._worker,
                attempt=attempt,
            )
        )
        if await self._claimed(job_id, attempt):
            logger.info("training_started", job_id=job_id, attempt=attempt)
            await self._work(job, attempt)

    async def _claimed(self, job_id: UUID, attempt: int) -> bool:
        """Whether the log, read up to the claim, says that it holds."""
        while True:
            job = self._ledger.jobs.get(job_id)
            if job is None:
                return False
            if job.attempt >= attempt:
                return self._ledger.holds(job_id, self._worker, attempt)
            await asyncio.sleep(LOOK_SECONDS / 10)

    async def _work(self, job: Job, attempt: int) -> None:
        try:
            product = await self._product(job, attempt)
            if product is None:
                return
            stored = await self._store.put_head(
                version_of(job.asked.job_id), product.head, product.sha256, job.asked.job_id
            )
        except TrainingError as error:
            await self._finish(job, Outcome.FAILED, error=str(error))
            return
        await self._register(job, product, stored)
        await self._finish(job, Outcome.SUCCEEDED, version=version_of(job.asked.job_id))

    async def _product(self, job: Job, attempt: int) -> Product | None:
        """What the job gives; None when it was cancelled or is somebody else's by now."""
        asked = job.asked
        latest = Step(Phase.READING, 0, 1)
        await self._progress(job, attempt, latest, 0)
        examples = await self._store.examples(asked.examples, asked.job_id)
        async with self._workshop.work(examples, extend=asked.extend) as running:
            steps = aiter(running.steps())
            coming: asyncio.Future[Step | None] = asyncio.ensure_future(anext(steps, None))
            try:
                for number in count(1):
                    await asyncio.wait([coming], timeout=HEARTBEAT_SECONDS)
                    if not await self._goes_on(job, attempt):
                        return None
                    if coming.done():
                        step = coming.result()
                        if step is None:
                            break
                        latest, coming = step, asyncio.ensure_future(anext(steps, None))
                    await self._progress(job, attempt, latest, number)
            finally:
                coming.cancel()
                await asyncio.wait([coming])
            return await running.product()

    async def _goes_on(self, job: Job, attempt: int) -> bool:
        job_id = job.asked.job_id
        current = self._ledger.jobs.get(job_id)
        if current is None or not self._ledger.holds(job_id, self._worker, attempt):
            logger.warning("training_lost", job_id=job_id, attempt=attempt)
            return False
        if current.cancelled:
            await self._finish(job, Outcome.CANCELLED)
            return False
        return True

    async def _progress(self, job: Job, attempt: int, step: Step, number: int) -> None:
        job_id = job.asked.job_id
        await self._tell(
            TrainingProgressed(
                event_id=self._id(job_id, TrainingProgressed, f"{attempt} {self._worker} {number}"),
                occurred_at=self._clock.stamp(),
                causation_id=job.asked.event_id,
                correlation_id=job.asked.correlation_id,
                job_id=job_id,
                worker=self._worker,
                attempt=attempt,
                phase=step.phase,
                done=step.done,
                total=step.total,
            )
        )

    async def _register(self, job: Job, product: Product, stored: Stored) -> None:
        job_id = job.asked.job_id
        await self._tell(
            ModelRegistered(
                event_id=self._id(job_id, ModelRegistered, ""),
                occurred_at=self._clock.stamp(),
                causation_id=job.asked.event_id,
                correlation_id=job.asked.correlation_id,
                version=version_of(job_id),
                kind=ModelKind.HEAD,
                engine=product.engine,
                intents=product.intents,
                metrics=product.metrics,
                job_id=job_id,
                stored=stored,
                size=len(product.head),
            )
        )

    async def _finish(
        self, job: Job, outcome: Outcome, *, error: str | None = None, version: str | None = None
    ) -> None:
        job_id = job.asked.job_id
        await self._tell(
            TrainingFinished(
                event_id=self._id(job_id, TrainingFinished, outcome),
                occurred_at=self._clock.stamp(),
                causation_id=job.asked.event_id,
                correlation_id=job.asked.correlation_id,
                job_id=job_id,
                outcome=outcome,
                error=error,
                version=version,
            )
        )
        # Its own end is on the log, and read there in a moment: do not take it up meanwhile.
        self._ledger.end(job_id)
        logger.info("training_finished", job_id=job_id, outcome=outcome)

    @staticmethod
    def _id(job_id: UUID, kind: type[Event], step: str) -> UUID:
        return training_event_id(job_id, kind.event_type, step)

    async def _tell(self, event: Event) -> None:
        published = await self._publisher.publish(event)
        if not published.accepted:
            raise RetryableError(f"{published.topic} did not accept an event: {published.status}")
