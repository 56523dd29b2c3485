"""What waits for a person, over the tables that persistence writes."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.chat.ports import Place, Waiting
from gateway.chat.repository import PostgresConversations, waiting_page
from gateway.database import Database
from schemas.events.chat import Handler
from schemas.tables.gateway import users
from schemas.tables.persistence import (
    conversation_agents,
    conversation_handlers,
    conversations,
    messages,
)

pytestmark = pytest.mark.connected

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
# Long before everything that other tests hand over: theirs come behind.
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


async def keep(
    owner: AsyncEngine,
    user: UUID,
    since: datetime,
    *,
    handler: Handler = Handler.AGENT,
    status: str = "active",
) -> UUID:
    """Write a conversation, what was said first, and who handles it, as persistence would."""
    key = uuid4()
    rows = {
        conversations: {
            "id": key,
            "owner_id": user,
            "status": status,
            "started_at": NOON,
            "event_id": uuid4(),
        },
        conversation_handlers: {
            "conversation_id": key,
            "handler": handler,
            "note": "broken lid",
            "since": since,
            "event_id": uuid4(),
        },
        messages: {
            "event_id": uuid4(),
            "message_id": uuid4(),
            "conversation_id": key,
            "occurred_at": NOON,
            "type": "message",
            "sender_id": user,
            "sender_kind": "user",
            "text": "where is it?",
            "body": {},
        },
    }
    async with owner.begin() as connection:
        for table, row in rows.items():
            await connection.execute(insert(table).values(**row))
    return key


async def pages(store: PostgresConversations, most: int) -> list[Waiting]:
    """Read the desk page by page, up to so many."""
    found: list[Waiting] = []
    after: Place | None = None
    while len(found) < most and (page := await store.waiting(after, 2)):
        found += page
        after = page[-1].place
    return found[:most]


async def test_who_waits_longest_stands_first(database: Database, owner: AsyncEngine) -> None:
    """Keyset pages over equal times too; what is not with a person, or has ended, is left out."""
    store, user, agent = PostgresConversations(database), uuid4(), uuid4()
    async with owner.begin() as connection:
        email = f"{user}@example.org"
        account = {"id": user, "email": email, "name": "Ada", "password_hash": "x"}
        await connection.execute(insert(users).values(**account))
    minutes = [3, 1, 2, 1, 1]
    keys = [await keep(owner, user, LONG_AGO + timedelta(minutes=each)) for each in minutes]
    await keep(owner, user, LONG_AGO, handler=Handler.ASSISTANT)
    await keep(owner, user, LONG_AGO, status="ended")
    came = [
        {"conversation_id": keys[0], "agent_id": agent, "name": "Grace", "joined_at": NOON},
        {"conversation_id": keys[0], "agent_id": uuid4(), "name": "Bo", "joined_at": LONG_AGO},
    ]
    async with owner.begin() as connection:
        rows = [{**row, "event_id": uuid4()} for row in came]
        await connection.execute(insert(conversation_agents), rows)

    found = await pages(store, len(keys))

    expected = sorted(zip(minutes, keys, strict=True))
    assert [each.conversation.id for each in found] == [key for _, key in expected]
    last = found[-1]
    assert (last.conversation.owner_name, last.note) == ("Ada", "broken lid")
    assert last.conversation.first_message_text == "where is it?"
    assert [each.name for each in last.agents] == ["Bo", "Grace"]
    assert [each.name for each in await store.agents(keys[0])] == ["Bo", "Grace"]
    assert list(await store.agents(keys[1])) == []


async def test_the_desk_is_read_off_its_index(owner: AsyncEngine) -> None:
    """A page costs what it shows, however many were ever handed over."""
    query = waiting_page(Place(NOON, uuid4()), 30).compile(
        owner.sync_engine, compile_kwargs={"literal_binds": True}
    )
    async with owner.begin() as connection:
        await connection.execute(text("set local enable_seqscan = off"))
        await connection.execute(text("set local enable_hashjoin = off"))
        await connection.execute(text("set local enable_mergejoin = off"))
        lines = await connection.exec_driver_sql(f"explain {query}")
        plan = "\n".join(lines.scalars())
    assert "Index Scan using ix_conversation_handlers_waiting" in plan
    assert "Sort Key: conversation_handlers" not in plan
