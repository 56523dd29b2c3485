"""Jobs, versions and promotions in PostgreSQL, as persistence keeps them; wishes in the outbox."""

from collections.abc import Sequence
from dataclasses import fields
from uuid import UUID

from sqlalchemy import RowMapping, or_, select

from gateway.database import Database
from gateway.outbox import write_to_outbox
from gateway.training.ports import Job, Model, Promotion
from schemas.events.envelope import Event
from schemas.tables.models import ai_models, model_promotions, training_jobs

_JOB = tuple(training_jobs.c[each.name] for each in fields(Job))
_MODEL = tuple(ai_models.c[each.name] for each in fields(Model))


class PostgresModelRegistry:
    """`gateway.training.ports.ModelRegistry` on the tables that persistence writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def job(self, job_id: UUID) -> Job | None:
        """Read by the primary key."""
        query = select(*_JOB).where(training_jobs.c.job_id == job_id)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else Job(**row)

    async def jobs(self, limit: int) -> Sequence[Job]:
        """Read the latest."""
        query = select(*_JOB).order_by(training_jobs.c.asked_at.desc()).limit(limit)
        async with self._database.transaction() as connection:
            return [Job(**row) for row in (await connection.execute(query)).mappings()]

    async def model(self, version: str) -> Model | None:
        """Read by the primary key."""
        query = select(*_MODEL).where(ai_models.c.version == version)
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else _model(row)

    async def models(self, limit: int) -> Sequence[Model]:
        """Read the latest, and the promoted one however old it is."""
        latest = select(ai_models.c.version).order_by(ai_models.c.created_at.desc()).limit(limit)
        query = (
            select(*_MODEL)
            .where(or_(ai_models.c.version.in_(latest), ai_models.c.status == "promoted"))
            .order_by(ai_models.c.created_at.desc())
        )
        async with self._database.transaction() as connection:
            return [_model(row) for row in (await connection.execute(query)).mappings()]

    async def promotions(self) -> Sequence[Promotion]:
        """Read all: there are as many as decisions by people."""
        query = select(model_promotions.c.version, model_promotions.c.rolled_back).order_by(
            model_promotions.c.occurred_at, model_promotions.c.event_id
        )
        async with self._database.transaction() as connection:
            return [Promotion(*row) for row in await connection.execute(query)]

    async def tell(self, events: Sequence[Event]) -> None:
        """Write to the outbox in one transaction."""
        async with self._database.transaction() as connection:
            await write_to_outbox(connection, events)


def _model(row: RowMapping) -> Model:
    return Model(**{**row, "intents": tuple(row["intents"])})
