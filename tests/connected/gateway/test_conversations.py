"""Conversations and history over the tables that persistence writes."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import delete, insert, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.chat.ports import Place
from gateway.chat.repository import PostgresConversations, history_page
from gateway.database import Database
from producers.records import partition_of
from schemas.tables.delivery import consumer_offsets
from schemas.tables.persistence import conversations, messages
from schemas.topics import Topic

pytestmark = pytest.mark.connected

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def keep(
    owner: AsyncEngine, user: UUID, said: int, *, started: datetime = NOON, apart: timedelta
) -> UUID:
    """Write a conversation and what was said in it, as persistence would."""
    key = uuid4()
    async with owner.begin() as connection:
        await connection.execute(
            insert(conversations).values(
                id=key, owner_id=user, title="Order", started_at=started, event_id=uuid4()
            )
        )
        rows = [
            {
                "event_id": event,
                "message_id": uuid4(),
                "conversation_id": key,
                "occurred_at": started + n * apart,
                "type": "message",
                "sender_id": user,
                "sender_kind": "user",
                "text": f"number {n}",
                "body": {"text": f"number {n}"},
            }
            for n, event in enumerate(sorted(uuid4() for _ in range(said)))
        ]
        if rows:
            await connection.execute(insert(messages), rows)
    return key


@pytest.mark.parametrize("apart", [timedelta(0), timedelta(microseconds=1), timedelta(hours=1)])
async def test_history_pages_lose_and_double_nothing(
    database: Database, owner: AsyncEngine, apart: timedelta
) -> None:
    """Keyset pages cover everything once, also when all times are equal."""
    store = PostgresConversations(database)
    conversation = await keep(owner, uuid4(), 25, apart=apart)
    found: list[str] = []
    before: Place | None = None
    while page := await store.newest_in(conversation, uuid4(), before, 10):
        found += [one.body["text"] for one in page]
        before = page[-1].place

    assert found == [f"number {n}" for n in reversed(range(25))]


async def test_conversations_are_the_owners_newest_first(
    database: Database, owner: AsyncEngine
) -> None:
    """The list holds the owner's conversations only, each with what was said last."""
    store = PostgresConversations(database)
    user = uuid4()
    keys = [
        await keep(owner, user, n, started=NOON + timedelta(hours=n), apart=timedelta(seconds=1))
        for n in range(3)
    ]
    await keep(owner, uuid4(), 1, apart=timedelta(0))

    first = await store.newest_of(user, None, 2)
    rest = await store.newest_of(user, first[-1].place, 2)

    assert [one.id for one in [*first, *rest]] == keys[::-1]
    assert first[0].last_message_text == "number 1"
    assert first[0].last_message_at == NOON + timedelta(hours=2, seconds=1)
    assert rest[0].last_message_text is None


async def test_what_was_taken_back_names_no_conversation(
    database: Database, owner: AsyncEngine
) -> None:
    """The list gives what a person said first, as long as it is there."""
    store = PostgresConversations(database)
    user = uuid4()
    key = await keep(owner, user, 3, apart=timedelta(seconds=1))
    [before] = await store.newest_of(user, None, 5)
    async with owner.begin() as connection:
        gone = update(messages).where(
            messages.c.conversation_id == key, messages.c.text == "number 0"
        )
        await connection.execute(gone.values(text="", deleted_at=NOON))
    [after] = await store.newest_of(user, None, 5)

    assert (before.first_message_text, after.first_message_text) == ("number 0", "number 1")


async def test_history_knows_how_far_it_reaches(database: Database, owner: AsyncEngine) -> None:
    """Positions are those of persistence on the conversation's own logs; unread logs have none."""
    store = PostgresConversations(database)
    key = uuid4()
    partition = partition_of(Topic.CHAT_MESSAGES, str(key).encode())
    place = {"topic": "chat-messages", "partition": partition}
    others = [
        {"group_id": "chat-persistence", **place, "partition": (partition + 1) % 12},
        {"group_id": "chat-analytics", **place},
    ]
    async with owner.begin() as connection:
        await connection.execute(delete(consumer_offsets))
        for other in others:
            await connection.execute(insert(consumer_offsets).values(**other, next_offset=99))
    assert await store.reached(key) == []

    async with owner.begin() as connection:
        mine = insert(consumer_offsets).values(group_id="chat-persistence", **place, next_offset=7)
        await connection.execute(mine)
    assert [str(each) for each in await store.reached(key)] == [f"m{partition}:6"]
    async with owner.begin() as connection:
        await connection.execute(delete(consumer_offsets))


async def test_conversation_is_found_with_its_owner(database: Database, owner: AsyncEngine) -> None:
    """A conversation tells whose it is; an unknown one is none."""
    store = PostgresConversations(database)
    user = uuid4()
    key = await keep(owner, user, 0, apart=timedelta(0))

    found = await store.find(key)

    assert found is not None
    assert (found.owner_id, found.title, found.status) == (user, "Order", "active")
    assert await store.find(uuid4()) is None


async def test_history_reads_a_range_of_its_index(owner: AsyncEngine) -> None:
    """A page is a backward scan of the index, without a sort or a filter."""
    conversation = await keep(owner, uuid4(), 300, apart=timedelta(seconds=1))
    place = Place(NOON + timedelta(seconds=200), uuid4())
    query = history_page(conversation, place, 51).compile(
        owner.sync_engine, compile_kwargs={"literal_binds": True}
    )
    async with owner.begin() as connection:
        await connection.execute(text("analyze messages"))
        await connection.execute(text("set local enable_seqscan = off"))
        lines = await connection.exec_driver_sql(f"explain {query}")
        plan = "\n".join(lines.scalars())

    assert "Index Scan Backward using ix_messages_conversation_id_occurred_at_event_id" in plan
    assert "Sort" not in plan
    assert "Filter" not in plan
