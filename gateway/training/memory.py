"""The registry in memory: the twin of the real one, for tests and embedders."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from gateway.training.ports import Job, Model, Promotion
from schemas.events.envelope import Event


@dataclass
class InMemoryModelRegistry:
    """`gateway.training.ports.ModelRegistry` in lists; what is told stays in `told`."""

    known_jobs: dict[UUID, Job] = field(default_factory=dict)
    known_models: dict[str, Model] = field(default_factory=dict)
    history: list[Promotion] = field(default_factory=list)
    told: list[Event] = field(default_factory=list)

    async def job(self, job_id: UUID) -> Job | None:
        """Return a job."""
        return self.known_jobs.get(job_id)

    async def jobs(self, limit: int) -> Sequence[Job]:
        """Return the latest."""
        latest = sorted(self.known_jobs.values(), key=lambda job: job.asked_at, reverse=True)
        return latest[:limit]

    async def model(self, version: str) -> Model | None:
        """Return a version."""
        return self.known_models.get(version)

    async def models(self, limit: int) -> Sequence[Model]:
        """Return the latest, and the promoted one."""
        latest = sorted(self.known_models.values(), key=lambda one: one.created_at, reverse=True)
        return [*latest[:limit], *(one for one in latest[limit:] if one.status == "promoted")]

    async def promotions(self) -> Sequence[Promotion]:
        """Return all."""
        return self.history

    async def tell(self, events: Sequence[Event]) -> None:
        """Keep them."""
        self.told.extend(events)
