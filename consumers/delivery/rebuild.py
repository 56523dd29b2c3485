"""Drops a view so that its consumer builds it again from the first record of the log."""

import asyncpg

from schemas.tables import OWNED_TABLES
from schemas.topics import TAILS, group_of, topics_of

VIEWS = tuple(each for each in OWNED_TABLES if topics_of(each) and each not in TAILS)
"""Who has nothing but what the log says; the gateway reads answers there, and owns accounts."""

_SHARED = ("consumer_offsets", "counted_events")


async def reset_projection(database_url: str, name: str) -> None:
    """Empty the consumer's tables and forget its positions, all or nothing.

    The process must be stopped; started again it reads from offset 0.

    Raises:
        ValueError: no consumer of that name keeps a view.
        asyncpg.PostgresError, OSError: nothing was changed.
    """
    if name not in VIEWS:
        raise ValueError(f"{name} keeps no view of the log; these do: {', '.join(VIEWS)}")
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            # Names come from the catalogue of tables, never from outside.
            await connection.execute(f"truncate {', '.join(OWNED_TABLES[name])}")
            for table in await _shared_tables(connection):
                await connection.execute(
                    f"delete from {table} where group_id = $1",  # noqa: S608 - see above
                    group_of(name),
                )
    finally:
        await connection.close()


async def _shared_tables(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """Return those that this role may write; a view that does not count has no counted events."""
    return [
        table
        for table in _SHARED
        if await connection.fetchval("select has_table_privilege($1, 'delete')", table)
    ]
