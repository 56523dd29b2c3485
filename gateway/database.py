"""The connection pool, and the database's failures in Parley's words."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import orjson
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from runtime.errors import RetryableError

STATEMENT_TIMEOUT_SECONDS = 5
_PROBE_SECONDS = 2.0
# SQLSTATE classes: connection, resources, operator intervention.
_AWAY_CLASSES = ("08", "53", "57")

logger = structlog.get_logger(__name__)


def create_engine(url: str, pool: int) -> AsyncEngine:
    """Return an engine whose connections survive a restart of PostgreSQL."""
    return create_async_engine(
        url.replace("postgresql://", "postgresql+asyncpg://", 1),
        pool_size=pool,
        max_overflow=0,
        pool_timeout=STATEMENT_TIMEOUT_SECONDS,
        # A ping before each use: after a restart the first request finds a live connection.
        pool_pre_ping=True,
        # An error in a log must not show addresses, hashes or what people wrote.
        hide_parameters=True,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
        connect_args={
            "timeout": STATEMENT_TIMEOUT_SECONDS,
            # A server that is frozen cannot keep its own time limit.
            "command_timeout": STATEMENT_TIMEOUT_SECONDS + 1,
            "server_settings": {
                "application_name": "gateway",
                "statement_timeout": str(STATEMENT_TIMEOUT_SECONDS * 1000),
            },
        },
    )


class Database:
    """Hands out transactions; a database that is away is a RetryableError."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self.reachable = False
        """What the last probe found."""

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that commits at the end of the block.

        Raises:
            RetryableError: the database is away, or too slow.
        """
        try:
            async with self._engine.begin() as connection:
                yield connection
        except DBAPIError as error:
            if _is_away(error):
                raise RetryableError("the database is away") from error
            raise
        except (PoolTimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise RetryableError("the database is away") from error

    async def watch(self) -> None:
        """Probe for ever, so that readiness is known without asking."""
        while True:
            await self.probe()
            await asyncio.sleep(_PROBE_SECONDS)

    async def probe(self) -> bool:
        """Ask the database for nothing and remember whether it answered."""
        try:
            async with asyncio.timeout(_PROBE_SECONDS), self.transaction() as connection:
                await connection.execute(text("select 1"))
        except (RetryableError, TimeoutError):
            reachable = False
        else:
            reachable = True
        if reachable is not self.reachable:
            logger.info("database_reachable" if reachable else "database_away")
        self.reachable = reachable
        return reachable


def _is_away(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None) or ""
    return (
        error.connection_invalidated
        or isinstance(error, OperationalError)
        or state.startswith(_AWAY_CLASSES)
        or isinstance(error.orig, OSError)
    )
