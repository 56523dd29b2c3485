"""The outbox over real PostgreSQL: late commits are waited for, one relay works at a time."""

from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.database import Database
from gateway.outbox import PostgresOutbox, write_to_outbox
from producers.memory import InMemoryEventPublisher
from producers.outbox import OutboxRelay
from runtime.clock import wall_clock
from schemas.events.admin import Action, ActionRecorded

pytestmark = [pytest.mark.connected, pytest.mark.usefixtures("empty_outbox")]


def action() -> ActionRecorded:
    key = uuid4()
    return ActionRecorded(
        event_id=key,
        occurred_at=wall_clock(),
        correlation_id=key,
        actor_id=key,
        action=Action.SESSION_STARTED,
        target_type="session",
        target_id=key,
        new={"device": "none"},
    )


async def waiting(owner: AsyncEngine) -> int:
    async with owner.connect() as connection:
        count: int = (await connection.execute(text("select count(*) from outbox"))).scalar_one()
        return count


async def test_events_leave_as_they_were_written(database: Database, owner: AsyncEngine) -> None:
    """What was written comes out equal and in order, and the rows are gone."""
    events = [action() for _ in range(5)]
    async with database.transaction() as connection:
        await write_to_outbox(connection, events)
    publisher = InMemoryEventPublisher()

    assert await OutboxRelay(PostgresOutbox(database), publisher, batch=2).forward()

    assert publisher.events == events
    assert await waiting(owner) == 0


async def test_late_commit_is_not_skipped(database: Database) -> None:
    """A row whose transaction commits late holds later ones back, and leaves before them."""
    relay = OutboxRelay(PostgresOutbox(database), publisher := InMemoryEventPublisher())
    early, late = action(), action()
    async with database.transaction() as slow:
        await write_to_outbox(slow, [early])
        async with database.transaction() as quick:
            await write_to_outbox(quick, [late])
        assert await relay.forward()
        assert publisher.events == []

    assert await relay.forward()
    assert publisher.events == [early, late]


async def test_rolled_back_change_tells_nothing(database: Database, owner: AsyncEngine) -> None:
    """An event leaves only with its change."""

    async def change_that_fails() -> None:
        async with database.transaction() as connection:
            await write_to_outbox(connection, [action()])
            raise LookupError

    with pytest.raises(LookupError):
        await change_that_fails()

    assert await waiting(owner) == 0


async def test_one_relay_at_a_time(database: Database, owner: AsyncEngine) -> None:
    """While one holds the claim another one publishes nothing."""
    store = PostgresOutbox(database)
    async with database.transaction() as connection:
        await write_to_outbox(connection, [action()])
    publisher = InMemoryEventPublisher()

    async with store.claim() as backlog:
        assert backlog is not None
        assert await OutboxRelay(store, publisher).forward()

    assert publisher.events == []
    assert await waiting(owner) == 1
