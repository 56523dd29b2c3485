"""What the commands ask the database: how far each group is, and a projection's fresh start."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from cli.kafka import Positions
from infra.embedded.errors import StackError
from schemas.tables import OWNED_TABLES
from schemas.topics import group_of


@asynccontextmanager
async def database(url: str) -> AsyncIterator[asyncpg.Connection]:
    """Give a connection; a database that is away becomes one clear line."""
    try:
        connection = await asyncpg.connect(url, timeout=10)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        message = f"PostgreSQL does not answer: {type(error).__name__}"
        raise StackError(message) from error
    try:
        yield connection
    finally:
        await connection.close()


async def stored_positions(url: str) -> dict[str, Positions]:
    """Return the positions that were committed together with the rows they became."""
    async with database(url) as connection:
        rows = await connection.fetch(
            "select group_id, topic, partition, next_offset from consumer_offsets"
        )
    found: dict[str, Positions] = {}
    for row in rows:
        place = (row["topic"], row["partition"])
        found.setdefault(row["group_id"], {})[place] = row["next_offset"]
    return found


async def forget_projection(url: str, consumer: str) -> None:
    """Empty a consumer's tables, its positions and its memory in one transaction."""
    tables = ", ".join(OWNED_TABLES[consumer])
    async with database(url) as connection, connection.transaction():
        await connection.execute(f"truncate {tables}")
        await connection.execute(
            "delete from consumer_offsets where group_id = $1", group_of(consumer)
        )
        # A view that counts would otherwise find that it has counted everything already.
        if await connection.fetchval("select has_table_privilege('counted_events', 'delete')"):
            await connection.execute(
                "delete from counted_events where group_id = $1", group_of(consumer)
            )
