"""Fixtures over the real PostgreSQL, Valkey and Kafka of this run."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from gateway.database import Database, create_engine
from tests.connected.gateway.stack import InfraStack


@pytest.fixture
async def engine(infra_stack: InfraStack) -> AsyncIterator[AsyncEngine]:
    """The gateway's own engine, in its own role."""
    engine = create_engine(infra_stack.database_url("gateway"), 5)
    yield engine
    await engine.dispose()


@pytest.fixture
def database(engine: AsyncEngine) -> Database:
    """The database as the gateway sees it."""
    return Database(engine)


@pytest.fixture
async def owner(infra_stack: InfraStack) -> AsyncIterator[AsyncEngine]:
    """The database as its owner sees it: tests write here what persistence would."""
    url = infra_stack.database_url(None).replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def empty_outbox(owner: AsyncEngine) -> None:
    """Nothing of an earlier test waits."""
    async with owner.begin() as connection:
        await connection.execute(text("delete from outbox"))
