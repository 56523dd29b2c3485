"""What the routes of training and models answer."""

from collections.abc import Mapping
from typing import Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from gateway.auth.views import View
from gateway.training.ports import Job, Model
from schemas.text import Instant


class CamelView(View):
    """An answer whose fields are written in camel case."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class SourcesView(CamelView):
    """How many examples come from where; one said twice counts where it was said first."""

    given: int
    labelled: int = Field(0, description="Questions that an editor labelled.")
    liked: int = Field(0, description="Questions whose answer was liked, under its intent.")


class TrainingAsked(CamelView):
    """A job was asked for."""

    job_id: UUID
    kind: str
    status: str
    examples: int
    intents: int
    sources: SourcesView
    duplicates: tuple[str, ...] = Field(
        (), description="Rows that say what an earlier one said; at most 50."
    )
    duplicate_count: int = 0


class ProgressView(CamelView):
    """How far a job has come."""

    phase: str | None
    done: int
    total: int


class JobView(CamelView):
    """A training job."""

    job_id: UUID
    kind: str
    status: str
    progress: ProgressView
    examples: int
    intents: int
    extend: bool
    note: str | None
    attempt: int
    cancel_asked: bool
    error: str | None
    version: str | None
    metrics: Mapping[str, Any] | None = None
    asked_at: Instant
    started_at: Instant | None
    finished_at: Instant | None

    @classmethod
    def of(cls, job: Job, metrics: Mapping[str, Any] | None = None) -> Self:
        """Show a job; metrics are those of the version it made."""
        return cls(
            job_id=job.job_id,
            kind=job.kind,
            status=job.status,
            progress=ProgressView(phase=job.phase, done=job.done, total=job.total),
            examples=job.example_count,
            intents=job.intent_count,
            extend=job.extend,
            note=job.note,
            attempt=job.attempt,
            cancel_asked=job.cancel_asked,
            error=job.error,
            version=job.version,
            metrics=metrics,
            asked_at=job.asked_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
        )


class JobList(CamelView):
    """The latest jobs, the last asked first."""

    items: tuple[JobView, ...]


class ModelView(CamelView):
    """A version: its card."""

    version: str
    name: str
    kind: str
    engine: str
    status: str
    sha256: str | None
    size: int
    intents: tuple[str, ...]
    metrics: Mapping[str, Any]
    job_id: UUID | None
    created_at: Instant
    promoted_at: Instant | None

    @classmethod
    def of(cls, model: Model) -> Self:
        """Show a version."""
        return cls(
            version=model.version,
            name=model.name,
            kind=model.kind,
            engine=model.engine,
            status=model.status,
            sha256=model.sha256,
            size=model.size,
            intents=model.intents,
            metrics=model.metrics,
            job_id=model.job_id,
            created_at=model.created_at,
            promoted_at=model.promoted_at,
        )


class ModelList(CamelView):
    """The latest versions, the last made first."""

    items: tuple[ModelView, ...]


class Served(CamelView):
    """Which version answers from now on, and which did."""

    version: str
    before: str | None
