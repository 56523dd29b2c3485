"""The outbox in PostgreSQL: rows written with the change they tell of, read by the relay."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import orjson
from sqlalchemy import BigInteger, ColumnClause, delete, func, insert, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.database import Database
from producers.outbox import OutboxRow
from schemas.events.envelope import Event
from schemas.tables.gateway import outbox

_LOCK = 0x7061_726C_6579  # "parley": the relay's advisory lock
# Everything below has committed or rolled back: no row can appear under it any more.
_HORIZON: ColumnClause[int] = literal_column(
    "pg_snapshot_xmin(pg_current_snapshot())::text::bigint", BigInteger
)


async def write_to_outbox(connection: AsyncConnection, events: Iterable[Event]) -> None:
    """Write events in the caller's transaction; they leave after it commits, in this order."""
    rows = [
        {"event_type": event.event_type, "body": orjson.loads(event.model_dump_json())}
        for event in events
    ]
    await connection.execute(insert(outbox), rows)


class PostgresBacklog:
    """`producers.outbox.Backlog` inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def read(self, after: int, limit: int) -> Sequence[OutboxRow]:
        """Read rows that no running transaction can still precede; see the port."""
        found = await self._connection.execute(
            select(outbox.c.id, outbox.c.event_type, outbox.c.body)
            .where(outbox.c.id > after, outbox.c.written_by < _HORIZON)
            .order_by(outbox.c.id)
            .limit(limit)
        )
        return [OutboxRow(row.id, row.event_type, row.body) for row in found]

    async def remove(self, ids: Sequence[int]) -> None:
        """Delete rows whose events are on the log."""
        await self._connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))


class PostgresOutbox:
    """`producers.outbox.OutboxStore`: the lock lives as long as the transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def claim(self) -> AsyncIterator[PostgresBacklog | None]:
        """Become the one relay for the length of the block; see the port."""
        async with self._database.transaction() as connection:
            locked = await connection.scalar(select(func.pg_try_advisory_xact_lock(_LOCK)))
            yield PostgresBacklog(connection) if locked else None
