"""The database as projections use it: a small pool, deadlines, errors told apart by whose fault."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

import asyncpg

from runtime.errors import InvalidEventError, RetryableError

if TYPE_CHECKING:
    from collections.abc import Sequence

# One batch at a time, and one connection to spare while the other is being given up.
POOL_SIZE = 2
CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 30.0

# The row's own fault (SQLSTATE 22, 23 and 54): trying again cannot help. Everything else
# (server down, full, overloaded, not migrated yet, deadlock) passes or is an operator's to mend.
_ROWS_FAULT = (
    asyncpg.DataError,
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,
)
_AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, asyncio.TimeoutError)


class Row(Protocol):
    """One row of an answer, by column name."""

    def __getitem__(self, column: str) -> Any:  # noqa: ANN401 - the column's type
        """Return the column's value."""
        ...


class Connection(Protocol):
    """What a projection needs of a connection; its transaction is the caller's."""

    async def execute(self, query: str, *args: object) -> str:
        """Run a statement."""
        ...

    async def fetch(self, query: str, *args: object) -> "Sequence[Row]":
        """Return the rows."""
        ...

    async def fetchval(self, query: str, *args: object) -> Any:  # noqa: ANN401 - the column's type
        """Return the first column of the first row."""
        ...


class Database:
    """Gives transactions; connects at the first, so that a process may start before its server."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: asyncpg.Pool[asyncpg.Record] | None = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Commit when the block ends well, else roll back.

        Raises:
            RetryableError: the database is away, overloaded or not ready.
            InvalidEventError: what was written can never be stored.
        """
        try:
            pool = self._pool or await self._open()
            async with (
                pool.acquire(timeout=CONNECT_SECONDS) as connection,
                connection.transaction(),
            ):
                yield connection
        except _ROWS_FAULT as error:
            raise InvalidEventError("refused_by_database", type(error).__name__) from error
        except _AWAY as error:
            # The class alone: a driver's message may quote rows or the address.
            raise RetryableError(f"database: {type(error).__name__}") from error

    async def close(self) -> None:
        """Close what is open; a server that does not answer is left."""
        if self._pool is not None:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    await self._pool.close()
            except TimeoutError:
                self._pool.terminate()

    async def _open(self) -> "asyncpg.Pool[asyncpg.Record]":
        self._pool = await asyncpg.create_pool(
            self._url,
            min_size=0,
            max_size=POOL_SIZE,
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS,
            server_settings={
                "statement_timeout": f"{STATEMENT_SECONDS:.0f}s",
                # A partitioned member must not hold the group's rows locked.
                "idle_in_transaction_session_timeout": f"{STATEMENT_SECONDS:.0f}s",
            },
        )
        return self._pool
