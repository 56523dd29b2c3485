"""Training jobs over the real tables: what persistence keeps of them, and the gateway shows."""

from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from consumers.persistence.models import keep_models
from gateway.database import Database
from gateway.training.repository import PostgresModelRegistry
from runtime.clock import wall_clock
from schemas.events.models import JobKind, Stored, TrainModel
from schemas.ids import OPERATOR_ID
from schemas.tables.models import training_jobs
from tests.connected.gateway.stack import InfraStack

pytestmark = pytest.mark.connected


def asked(kind: JobKind) -> TrainModel:
    """The wish for a job."""
    return TrainModel(
        event_id=uuid4(),
        occurred_at=wall_clock(),
        correlation_id=uuid4(),
        job_id=uuid4(),
        actor_id=OPERATOR_ID,
        examples=Stored(partition=0, offset=0, parts=1, sha256="0" * 64),
        example_count=16,
        intent_count=2,
        extend=False,
        note="gardens",
        kind=kind,
    )


async def kind_of(database: Database, job_id: UUID) -> str:
    """What the gateway shows."""
    found = await PostgresModelRegistry(database).job(job_id)
    assert found is not None
    assert (found.status, found.example_count, found.intent_count) == ("queued", 16, 2)
    assert (found.extend, found.note, found.actor_id) == (False, "gardens", OPERATOR_ID)
    return found.kind


@pytest.mark.parametrize("kind", JobKind)
async def test_a_job_keeps_its_kind(
    infra_stack: InfraStack, database: Database, kind: JobKind
) -> None:
    """Whatever else it is; told again it stays the same."""
    event = asked(kind)
    connection = await asyncpg.connect(infra_stack.database_url("persistence"))
    try:
        await keep_models(connection, [event, event])
    finally:
        await connection.close()
    assert await kind_of(database, event.job_id) == kind


async def test_a_job_from_before_there_were_kinds_trained_a_head(
    database: Database, owner: AsyncEngine
) -> None:
    """Its row has no word of it."""
    event = asked(JobKind.HEAD)
    row = event.model_dump(
        include={"job_id", "model", "actor_id", "example_count", "intent_count", "extend", "note"}
    )
    row |= {"status": "queued", "asked_at": event.occurred_at}
    async with owner.begin() as connection:
        await connection.execute(insert(training_jobs), [row])
    assert await kind_of(database, event.job_id) == "head"
