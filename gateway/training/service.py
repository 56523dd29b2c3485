"""Asks for training, promotes and rolls back; what is wished for leaves with its audit record."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import structlog

from gateway.admin.authority import Authority
from gateway.training.examples import Checked
from gateway.training.ports import Job, Model, ModelRegistry, Promotion
from producers.ports import EventPublisher
from runtime.clock import HybridLogicalClock, wall_clock
from runtime.errors import DomainError, RetryableError
from schemas import ids
from schemas.events.admin import Action, ActionRecorded
from schemas.events.envelope import Event
from schemas.events.models import (
    CancelTraining,
    Example,
    ExamplesGiven,
    JobKind,
    ModelKind,
    ModelPromoted,
    Stored,
    TrainModel,
)

PART_BYTES = 400_000
"""Of examples per record: well below the broker's 1 MB, with room for their envelope."""
MOST_YOUNG = 100
YOUNG = timedelta(minutes=1)
LATEST = 50
MOST_WAITING = 10
"""Jobs are worked one after the other, and their examples are kept for 7 days."""

logger = structlog.get_logger(__name__)


class TrainingDesk:
    """What the routes of training and models do."""

    def __init__(
        self,
        *,
        registry: ModelRegistry,
        authority: Authority,
        publisher: EventPublisher,
        clock: HybridLogicalClock,
    ) -> None:
        self._registry = registry
        self._authority = authority
        self._publisher = publisher
        self._clock = clock
        self._young: OrderedDict[UUID, Job] = OrderedDict()
        """Jobs that the table learns of in a moment."""

    async def require_admin(self, actor_id: UUID) -> None:
        """Return if the account says that it may; an older token does not count.

        Raises:
            DomainError: it may not.
        """
        await self._authority.require_admin(actor_id)

    async def ask(
        self,
        actor_id: UUID,
        checked: Checked,
        *,
        kind: JobKind = JobKind.HEAD,
        extend: bool,
        note: str | None,
    ) -> Job:
        """Ask for a training job.

        Raises:
            DomainError: too many jobs wait already.
            RetryableError: the broker or the database is away; nothing was asked.
        """
        if sum(job.finished_at is None for job in await self.jobs()) >= MOST_WAITING:
            detail = f"{MOST_WAITING} jobs have not ended yet; wait for one, or cancel it."
            raise DomainError("too_many_jobs", detail, status=409)
        job_id = uuid4()
        stored = await self._store(job_id, checked.examples)
        asked = TrainModel(
            event_id=ids.training_event_id(job_id, TrainModel.event_type, ""),
            occurred_at=self._clock.stamp(),
            correlation_id=job_id,
            job_id=job_id,
            actor_id=actor_id,
            examples=stored,
            example_count=len(checked.examples),
            intent_count=len(checked.intents),
            extend=extend,
            note=note,
            kind=kind,
        )
        new = {
            "kind": kind.value,
            "examples": asked.example_count,
            "intents": asked.intent_count,
            "extend": extend,
        }
        done = self._action(actor_id, Action.TRAINING_ASKED, "training_job", job_id, new=new)
        await self._registry.tell([asked, done])
        job = _queued(asked)
        self._remember(job)
        logger.info("training_asked", job_id=job_id, kind=kind, examples=asked.example_count)
        return job

    async def job(self, job_id: UUID) -> Job:
        """Return a job.

        Raises:
            DomainError: there is none.
        """
        found = await self._registry.job(job_id) or self._young.get(job_id)
        if found is None:
            raise DomainError("not_found", "There is no such training job.", status=404)
        return found

    async def jobs(self) -> Sequence[Job]:
        """Return the latest jobs, those first that the table does not know yet."""
        known = await self._registry.jobs(LATEST)
        listed = {job.job_id for job in known}
        newest = wall_clock() - YOUNG
        young = [
            job
            for job in reversed(self._young.values())
            if job.job_id not in listed and job.asked_at > newest
        ]
        return [*young, *known][:LATEST]

    async def cancel(self, actor_id: UUID, job_id: UUID) -> Job:
        """Ask a job to stop.

        Raises:
            DomainError: there is none, or it has ended.
        """
        job = await self.job(job_id)
        if job.finished_at is not None:
            raise DomainError("job_ended", f"The job has ended: {job.status}.", status=409)
        asked = CancelTraining(
            event_id=ids.training_event_id(job_id, CancelTraining.event_type, str(uuid4())),
            occurred_at=self._clock.stamp(),
            correlation_id=job_id,
            job_id=job_id,
            actor_id=actor_id,
        )
        done = self._action(actor_id, Action.TRAINING_CANCELLED, "training_job", job_id)
        await self._registry.tell([asked, done])
        return job

    async def own_intents(self) -> frozenset[str]:
        """Return the intents that the knowledge folder teaches, as its latest version says."""
        own = (each for each in await self.models() if each.kind == ModelKind.KNOWLEDGE)
        return frozenset(name for each in list(own)[:1] for name in each.intents)

    async def models(self) -> Sequence[Model]:
        """Return the latest versions."""
        return await self._registry.models(LATEST)

    async def model(self, version: str) -> Model:
        """Return a version.

        Raises:
            DomainError: there is none.
        """
        found = await self._registry.model(version)
        if found is None:
            raise DomainError("not_found", "There is no such version.", status=404)
        return found

    async def promote(self, actor_id: UUID, version: str) -> str:
        """Let a version answer from now on; return the one that did.

        Raises:
            DomainError: there is none, or it is the one that answers.
        """
        model = await self.model(version)
        reigns = stack_of(await self._registry.promotions())
        if model.status == "promoted":
            raise DomainError("promoted_already", "This version answers already.", status=409)
        before = reigns[-1] if reigns else ""
        await self._serve(actor_id, version, before, Action.MODEL_PROMOTED)
        return before

    async def roll_back(self, actor_id: UUID) -> tuple[str, str]:
        """Take the latest promotion back; return the version that answers now, and which did.

        Raises:
            DomainError: nothing was promoted before it.
        """
        reigns = stack_of(await self._registry.promotions())
        before = reigns[-2] if len(reigns) > 1 else await self._own_version(reigns)
        if before is None:
            raise DomainError("nothing_before", "Nothing was promoted before.", status=409)
        await self._serve(actor_id, before, reigns[-1], Action.MODEL_ROLLED_BACK)
        return before, reigns[-1]

    async def _own_version(self, reigns: Sequence[str]) -> str | None:
        """Before the first promotion the knowledge folder's own version answered."""
        models = await self._registry.models(LATEST)
        own = [each.version for each in models if each.kind == ModelKind.KNOWLEDGE]
        return own[0] if own and reigns and reigns[-1] not in own else None

    async def _serve(self, actor_id: UUID, version: str, before: str, action: Action) -> None:
        key = ids.event_id(ModelPromoted.event_type, uuid4())
        promoted = ModelPromoted(
            event_id=key,
            occurred_at=self._clock.stamp(),
            correlation_id=key,
            version=version,
            actor_id=actor_id,
            rolled_back=action is Action.MODEL_ROLLED_BACK,
        )
        done = self._action(
            actor_id,
            action,
            "model",
            ids.model_id(version),
            new={"version": version},
            old={"version": before},
        )
        await self._registry.tell([promoted, done])
        logger.info("model_promoted", version=version, action=action)

    async def _store(self, job_id: UUID, examples: Sequence[Example]) -> Stored:
        digest, places = hashlib.sha256(), []
        for number, part in enumerate(_parts(examples)):
            event = ExamplesGiven(
                event_id=ids.training_event_id(job_id, ExamplesGiven.event_type, str(number)),
                occurred_at=self._clock.stamp(),
                correlation_id=job_id,
                job_id=job_id,
                part=number,
                examples=tuple(part),
            )
            for each in part:
                digest.update(each.model_dump_json().encode())
            published = await self._publisher.publish(event)
            if published.partition is None or published.offset is None:
                raise RetryableError(f"the examples were not stored: {published.status}")
            places.append((published.partition, published.offset))
        (partition, offset), parts = places[0], len(places)
        return Stored(partition=partition, offset=offset, parts=parts, sha256=digest.hexdigest())

    def _action(
        self,
        actor_id: UUID,
        action: Action,
        kind: str,
        target: UUID,
        *,
        new: Mapping[str, object] | None = None,
        old: Mapping[str, object] | None = None,
    ) -> Event:
        key = ids.event_id(ActionRecorded.event_type, uuid4())
        return ActionRecorded.model_validate(
            {
                "event_id": key,
                "occurred_at": self._clock.stamp(),
                "correlation_id": key,
                "actor_id": actor_id,
                "action": action,
                "target_type": kind,
                "target_id": target,
                "old": old,
                "new": new,
            }
        )

    def _remember(self, job: Job) -> None:
        self._young[job.job_id] = job
        if len(self._young) > MOST_YOUNG:
            self._young.popitem(last=False)


def stack_of(promotions: Sequence[Promotion]) -> list[str]:
    """Return the promotions that stand, the one that answers last: a roll back takes one off."""
    reigns: list[str] = []
    for each in promotions:
        if not each.rolled_back:
            reigns.append(each.version)
            continue
        reigns = reigns[:-1]
        if not reigns or reigns[-1] != each.version:
            reigns.append(each.version)
    return reigns


def _queued(asked: TrainModel) -> Job:
    return Job(
        job_id=asked.job_id,
        actor_id=asked.actor_id,
        status="queued",
        example_count=asked.example_count,
        intent_count=asked.intent_count,
        extend=asked.extend,
        kind=asked.kind,
        note=asked.note,
        asked_at=asked.occurred_at,
    )


def _parts(examples: Sequence[Example]) -> Iterator[list[Example]]:
    part: list[Example] = []
    size = 0
    for each in examples:
        length = len(each.model_dump_json().encode()) + 1
        if part and size + length > PART_BYTES:
            yield part
            part, size = [], 0
        part.append(each)
        size += length
    yield part
