"""What training and the registry need from a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from schemas.events.envelope import Event
from schemas.events.models import JobKind


@dataclass(frozen=True)
class Job:
    """A training job as it is known now."""

    job_id: UUID
    actor_id: UUID
    status: str
    """queued, running, succeeded, failed or cancelled."""
    example_count: int
    intent_count: int
    extend: bool
    asked_at: datetime
    kind: str = JobKind.HEAD.value
    """One of `JobKind` or a newer one."""
    note: str | None = None
    attempt: int = 0
    worker: str | None = None
    phase: str | None = None
    done: int = 0
    total: int = 0
    cancel_asked: bool = False
    error: str | None = None
    version: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True)
class Model:
    """A version in the registry."""

    version: str
    name: str
    kind: str
    engine: str
    status: str
    """registered, promoted or retired."""
    sha256: str | None
    size: int
    intents: tuple[str, ...]
    metrics: dict[str, Any]
    job_id: UUID | None
    created_at: datetime
    promoted_at: datetime | None


@dataclass(frozen=True)
class Promotion:
    """A version began to answer."""

    version: str
    rolled_back: bool


class ModelRegistry(Protocol):
    """
    Reads what the log has become, and tells it of wishes.

    What is told is on the log a moment later, and in the tables a moment after that.
    Failure: raises RetryableError when the store is away.
    """

    async def job(self, job_id: UUID) -> Job | None:
        """Return a job."""
        ...

    async def jobs(self, limit: int) -> Sequence[Job]:
        """Return the latest jobs, the last asked first."""
        ...

    async def model(self, version: str) -> Model | None:
        """Return a version."""
        ...

    async def models(self, limit: int) -> Sequence[Model]:
        """Return the latest versions, the last made first; the promoted one is always there."""
        ...

    async def promotions(self) -> Sequence[Promotion]:
        """Return every promotion, in the order of the log."""
        ...

    async def tell(self, events: Sequence[Event]) -> None:
        """Keep events that are to leave together, in this order."""
        ...
