"""Works training jobs: takes one at a time off the ledger, and tells what becomes of it."""

import asyncio
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import count
from uuid import UUID

import structlog

from consumers.nlp.errors import TrainingError
from consumers.nlp.service.ledger import MAX_ATTEMPTS, Job, Ledger
from consumers.nlp.service.workshop import Product, Step, Store, Workshop
from producers.ports import EventPublisher
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.envelope import Event
from schemas.events.models import (
    JobKind,
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
TRAIN_EXTRA_MISSING = (
    "train_extra_missing: no replica can fine-tune; install the extra `train` for one of them"
    " (scripts/setup train), or train a head alone"
)

logger = structlog.get_logger(__name__)


_Stored = tuple[Stored, Stored | None]
"""Where a version's head stands, and its sentence model if it brings one."""


def version_of(job_id: UUID) -> str:
    """The name of the version that a job makes: worked twice, it is the same version."""
    return f"intents-{job_id.hex[:12]}"


@dataclass(frozen=True)
class _Claim:
    """A job and the attempt that is ours; progress is numbered, so that it can be told twice."""

    job: Job
    attempt: int
    numbers: Iterator[int] = field(default_factory=count)


class Trainer:
    """
    Works the jobs of a ledger, one at a time.

    Every replica runs one; the log decides whose claim holds. A claim is lost when its worker has
    been silent for too long: then it stops, and what it told since does not count. Jobs of kinds
    that this replica cannot work are left to others, and failed when there seem to be none.
    `deadline` is how many seconds one attempt may take.
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
        kinds: Collection[str],
        deadline: float,
    ) -> None:
        self._ledger = ledger
        self._publisher = publisher
        self._clock = clock
        self._store = store
        self._workshop = workshop
        self._worker = worker
        self._kinds = frozenset(kinds)
        self._deadline = deadline

    async def run(self) -> None:
        """Look for work until cancelled."""
        while True:
            try:
                await self.look()
            except RetryableError as error:
                logger.warning("training_waits", error=str(error))
                await asyncio.sleep(HEARTBEAT_SECONDS)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """
        Take the next job if there is one, and tell of one that nobody can work.

        Raises:
            RetryableError: as `take`.
        """
        job = self._ledger.next_job(self._kinds)
        if job is not None:
            await self.take(job)
            return
        job = self._ledger.hopeless_job(self._kinds)
        if job is not None:
            kind = job.asked.kind
            known = kind == JobKind.FINE_TUNE
            error = TRAIN_EXTRA_MISSING if known else f"no replica knows jobs of the kind {kind}"
            await self._finish(job, Outcome.FAILED, error=error)

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
            await self._work(_Claim(job, attempt))

    async def _claimed(self, job_id: UUID, attempt: int) -> bool:
        """Whether the log, read up to the claim, says that it holds."""
        while True:
            job = self._ledger.jobs.get(job_id)
            if job is None:
                return False
            if job.attempt >= attempt:
                return self._ledger.holds(job_id, self._worker, attempt)
            await asyncio.sleep(LOOK_SECONDS / 10)

    async def _work(self, claim: _Claim) -> None:
        job, job_id = claim.job, claim.job.asked.job_id
        try:
            product = await self._product(claim)
            stored = await self._stored(claim, product) if product is not None else None
        except TrainingError as error:
            await self._finish(job, Outcome.FAILED, error=str(error))
            return
        if product is None or stored is None:
            return
        await self._register(job, product, *stored)
        await self._finish(job, Outcome.SUCCEEDED, version=version_of(job_id))

    async def _product(self, claim: _Claim) -> Product | None:
        """What the job gives; None when it was cancelled or is somebody else's by now."""
        asked = claim.job.asked
        latest = Step(Phase.READING, 0, 1)
        await self._progress(claim, latest)
        examples = await self._store.examples(asked.examples, asked.job_id)
        now = asyncio.get_running_loop().time
        end = now() + self._deadline
        async with self._workshop.work(asked.kind, examples, extend=asked.extend) as running:
            steps = aiter(running.steps())
            coming: asyncio.Future[Step | None] = asyncio.ensure_future(anext(steps, None))
            try:
                while True:
                    await asyncio.wait([coming], timeout=HEARTBEAT_SECONDS)
                    if not await self._goes_on(claim):
                        return None
                    if coming.done():
                        step = coming.result()
                        if step is None:
                            break
                        latest, coming = step, asyncio.ensure_future(anext(steps, None))
                    if now() > end:
                        raise TrainingError(f"it took longer than {self._deadline:.0f} seconds")
                    await self._progress(claim, latest)
            finally:
                coming.cancel()
                await asyncio.wait([coming])
            return await running.product()

    async def _stored(self, claim: _Claim, product: Product) -> _Stored | None:
        """Where the product's files stand; None as in `_product`. Keeps the claim meanwhile."""
        storing = asyncio.ensure_future(self._put(claim.job.asked.job_id, product))
        try:
            while not (await asyncio.wait([storing], timeout=HEARTBEAT_SECONDS))[0]:
                if not await self._goes_on(claim):
                    return None
                await self._progress(claim, Step(Phase.STORING, 0, 1))
            return storing.result()
        finally:
            storing.cancel()
            await asyncio.wait([storing])

    async def _put(self, job_id: UUID, product: Product) -> _Stored:
        version, encoder = version_of(job_id), None
        if product.encoder is not None:
            encoder = await self._store.put_encoder(version, product.encoder, job_id)
        return await self._store.put_head(version, product.head, job_id), encoder

    async def _goes_on(self, claim: _Claim) -> bool:
        job, job_id = claim.job, claim.job.asked.job_id
        current = self._ledger.jobs.get(job_id)
        if current is None or not self._ledger.holds(job_id, self._worker, claim.attempt):
            logger.warning("training_lost", job_id=job_id, attempt=claim.attempt)
            return False
        if current.cancelled:
            await self._finish(job, Outcome.CANCELLED)
            return False
        return True

    async def _progress(self, claim: _Claim, step: Step) -> None:
        asked, attempt = claim.job.asked, claim.attempt
        key = f"{attempt} {self._worker} {next(claim.numbers)}"
        await self._tell(
            TrainingProgressed(
                event_id=self._id(asked.job_id, TrainingProgressed, key),
                occurred_at=self._clock.stamp(),
                causation_id=asked.event_id,
                correlation_id=asked.correlation_id,
                job_id=asked.job_id,
                worker=self._worker,
                attempt=attempt,
                phase=step.phase,
                done=step.done,
                total=step.total,
            )
        )

    async def _register(
        self, job: Job, product: Product, head: Stored, encoder: Stored | None
    ) -> None:
        job_id = job.asked.job_id
        brings = product.encoder
        await self._tell(
            ModelRegistered(
                event_id=self._id(job_id, ModelRegistered, ""),
                occurred_at=self._clock.stamp(),
                causation_id=job.asked.event_id,
                correlation_id=job.asked.correlation_id,
                version=version_of(job_id),
                kind=ModelKind.HEAD if brings is None else ModelKind.TUNED,
                engine=product.engine,
                intents=product.intents,
                metrics=product.metrics,
                job_id=job_id,
                stored=head,
                size=len(product.head.content),
                encoder=encoder,
                encoder_size=0 if brings is None else len(brings.content),
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
