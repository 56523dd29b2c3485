"""`python -m infra.database`: make the roles, then bring the tables to the newest revision."""

import asyncio
import sys

import asyncpg
import structlog
from sqlalchemy.exc import SQLAlchemyError

from infra.database.migrations import upgrade_to_head
from infra.database.roles import connect_when_up, ensure_roles
from infra.database.settings import DatabaseSettings
from runtime.logging import configure_logging

log = structlog.get_logger(__name__)


async def prepare(settings: DatabaseSettings) -> None:
    """Wait for the server, then do what is missing; running it twice changes nothing."""
    url = settings.database_admin_url.get_secret_value()
    connection = await connect_when_up(url)
    try:
        await ensure_roles(connection, settings.database_passwords.by_role())
    finally:
        await connection.close()
    await upgrade_to_head(url)


def main() -> int:
    """Return 0 when roles and tables are as the code expects, 1 otherwise."""
    settings = DatabaseSettings.from_environment()
    configure_logging("migrations", settings.log)
    try:
        asyncio.run(prepare(settings))
    except (OSError, asyncpg.PostgresError, SQLAlchemyError) as error:
        # The class alone: a driver's message may quote the address with its password.
        log.error("database_failed", error=type(error).__name__)  # noqa: TRY400
        return 1
    log.info("database_ready")
    return 0


if __name__ == "__main__":
    sys.exit(main())
