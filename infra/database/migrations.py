"""Alembic, set up in code: one history, run on a connection we bring."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

import schemas.tables.migrations

# Any number will do as long as nobody else uses it: two upgrades at once wait for each other.
UPGRADE_LOCK = 7_269_355


async def upgrade_to_head(url: str) -> None:
    """Bring the tables to the newest revision; does nothing when they are there."""
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1))
    try:
        async with engine.begin() as connection:
            await connection.execute(
                text("select pg_advisory_xact_lock(:lock)"), {"lock": UPGRADE_LOCK}
            )
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    folder = Path(schemas.tables.migrations.__file__).parent
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
