"""Turns model events into the tables of jobs, versions and promotions."""

from collections.abc import Iterable

from pydantic import TypeAdapter

from consumers.delivery.database import Connection
from schemas.events.envelope import Event
from schemas.events.models import (
    CancelTraining,
    ModelEvent,
    ModelPromoted,
    ModelRegistered,
    TrainingFinished,
    TrainingProgressed,
    TrainingStarted,
    TrainModel,
)

_NAMES = TypeAdapter(tuple[str, ...])

# As the workers read the log (consumers.nlp.service.ledger): the first claim to an attempt holds,
# the first end of a job counts. A repeat on the log changes nothing.
_ASK = """
insert into training_jobs
    (job_id, model, kind, actor_id, status, example_count, intent_count, extend, note, asked_at)
values ($1, $2, $3, $4, 'queued', $5, $6, $7, $8, $9)
on conflict do nothing
"""
_CANCEL = """
update training_jobs set cancel_asked = true where job_id = $1 and finished_at is null
"""
_START = """
update training_jobs
set status = 'running', attempt = $2, worker = $3, phase = null, done = 0, total = 0,
    started_at = coalesce(started_at, $4)
where job_id = $1 and attempt = $2 - 1 and finished_at is null
"""
_PROGRESS = """
update training_jobs set phase = $4, done = $5, total = $6
where job_id = $1 and attempt = $2 and worker = $3 and finished_at is null
"""
_FINISH = """
update training_jobs set status = $2, error = $3, version = $4, finished_at = $5
where job_id = $1 and finished_at is null
"""
_REGISTER = """
insert into ai_models
    (version, name, kind, engine, status, sha256, size, intents, metrics, job_id, created_at)
values ($1, $2, $3, $4, 'registered', $5, $6, $7::jsonb, $8::jsonb, $9, $10)
on conflict do nothing
"""
_PROMOTE = """
insert into model_promotions (event_id, occurred_at, model, version, actor_id, rolled_back)
values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
"""
_RETIRE_OTHERS = """
update ai_models set status = 'retired'
where name = $1 and version <> $2 and status = 'promoted'
"""
_SERVE = """
update ai_models set status = 'promoted', promoted_at = $3 where name = $1 and version = $2
"""


async def keep_models(connection: Connection, events: Iterable[Event]) -> None:
    """Write what the events become, one after the other: there are few of them."""
    for event in events:
        if isinstance(event, ModelEvent):
            await _keep(connection, event)


async def _keep(connection: Connection, event: ModelEvent) -> None:
    match event:
        case TrainModel():
            await connection.execute(
                _ASK,
                event.job_id,
                event.model,
                event.kind,
                event.actor_id,
                event.example_count,
                event.intent_count,
                event.extend,
                event.note,
                event.occurred_at,
            )
        case CancelTraining():
            await connection.execute(_CANCEL, event.job_id)
        case TrainingStarted():
            await connection.execute(
                _START, event.job_id, event.attempt, event.worker, event.occurred_at
            )
        case TrainingProgressed():
            where = (event.job_id, event.attempt, event.worker)
            await connection.execute(_PROGRESS, *where, event.phase, event.done, event.total)
        case TrainingFinished():
            how = (event.outcome, event.error, event.version)
            await connection.execute(_FINISH, event.job_id, *how, event.occurred_at)
        case ModelRegistered():
            await _register(connection, event)
        case ModelPromoted():
            await _promote(connection, event)


async def _register(connection: Connection, event: ModelRegistered) -> None:
    await connection.execute(
        _REGISTER,
        event.version,
        event.model,
        event.kind,
        event.engine,
        event.stored.sha256 if event.stored is not None else None,
        event.size,
        _NAMES.dump_json(event.intents).decode(),
        event.metrics.model_dump_json(),
        event.job_id,
        event.occurred_at,
    )


async def _promote(connection: Connection, event: ModelPromoted) -> None:
    written = await connection.execute(
        _PROMOTE,
        event.event_id,
        event.occurred_at,
        event.model,
        event.version,
        event.actor_id,
        event.rolled_back,
    )
    if written.endswith(" 0"):
        return
    await connection.execute(_RETIRE_OTHERS, event.model, event.version)
    await connection.execute(_SERVE, event.model, event.version, event.occurred_at)
