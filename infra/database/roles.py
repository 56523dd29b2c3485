"""One login per process, so that a process can write its own tables and nothing else."""

import asyncio
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from pydantic import SecretStr

WAIT_SECONDS = 60.0
RETRY_SECONDS = 0.25


async def connect_when_up(url: str, seconds: float = WAIT_SECONDS) -> asyncpg.Connection:
    """Connect to the database, making it if need be, as soon as the server answers.

    Raises OSError or asyncpg.PostgresError when it has not answered in time, and at once when
    it refuses the password.
    """
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        try:
            return await asyncpg.connect(url)
        except asyncpg.InvalidCatalogNameError:
            await _create_database(url)
        except asyncpg.InvalidAuthorizationSpecificationError:
            raise
        except (OSError, asyncpg.CannotConnectNowError):
            if asyncio.get_running_loop().time() > deadline:
                raise
            await asyncio.sleep(RETRY_SECONDS)


async def ensure_roles(connection: asyncpg.Connection, passwords: dict[str, SecretStr]) -> None:
    """Create the roles that are missing and set every password; safe to repeat."""
    for role, password in passwords.items():
        exists = await connection.fetchval("select 1 from pg_roles where rolname = $1", role)
        verb = "alter" if exists else "create"
        # The server quotes name and password; it takes no parameters in a role statement.
        statement = await connection.fetchval(
            "select format($1 || ' role %I login nosuperuser nocreatedb nocreaterole password %L',"
            " $2::text, $3::text)",
            verb,
            role,
            password.get_secret_value(),
        )
        await connection.execute(statement)


async def _create_database(url: str) -> None:
    parts = urlsplit(url)
    server = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")))
    try:
        name = await server.fetchval("select quote_ident($1)", parts.path.removeprefix("/"))
        await server.execute(f"create database {name}")
    except asyncpg.DuplicateDatabaseError:
        # Another run of this job was quicker.
        return
    finally:
        await server.close()
