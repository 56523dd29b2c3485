"""`parley verify` against changes: what people did to messages, as the tables have it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from parley_client import Chat, Conversation, by_token
from tests.connected.test_verify import tables, verify
from tests.faults.traffic import signed_in
from tests.people import TokenMint
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(180)]

EMOJI = "\N{WAVING HAND SIGN}"
CHANGED = (
    "message_changes",
    "reactions",
    "feedback",
    "read_marks",
    "delivery_marks",
    "conversation_handlers",
    "conversation_changes",
)


async def do_everything(connection: asyncpg.Connection, conversation: Conversation) -> None:
    """Use every change there is, some repeated or undone, and wait until all of it is stored."""
    question = (await conversation.send("where is my order 4711?")).message_id
    answered = "select message_id from messages where in_reply_to = $1"
    answer = await stored(connection, answered, question)
    gone = (await conversation.send("never mind")).message_id
    name = uuid4()
    for _ in range(2):
        await conversation.edit(question, "where is my order 4712?", client_event_id=name)
    await conversation.edit(gone, "nothing")
    for active in (True, False, True):
        await conversation.react(question, EMOJI, active=active)
    await conversation.rate(answer, "down", "not what I asked")
    await conversation.rate(answer, "up", "after all")
    await conversation.mark_read(answer)
    deleted = "select true from message_changes where deleted_at is not null and message_id = $1"
    for _ in range(2):
        await conversation.delete(gone)
        await stored(connection, deleted, gone)
    await conversation.hand_over("agent", "a note")
    await conversation.rename("the lid")
    for table in ("conversation_handlers", "conversation_changes"):
        there = f"select true from {table} where conversation_id = $1"  # noqa: S608 - our own
        await stored(connection, there, conversation.id)


async def stored(connection: asyncpg.Connection, query: str, about: UUID) -> Any:  # noqa: ANN401
    """Return what the query finds, as soon as it finds something."""
    while (found := await connection.fetchval(query, about)) is None:
        await asyncio.sleep(0.05)
    return found


@asynccontextmanager
async def broken(
    connection: asyncpg.Connection, conversation: UUID, statement: str, *more: object
) -> AsyncIterator[None]:
    """Let the statement spoil what was changed in a conversation, and mend it afterwards."""
    for table in CHANGED:
        await connection.execute(
            f"create temp table kept_{table} as select * from {table}"  # noqa: S608 - our own
            f" where conversation_id = '{conversation}'"
        )
    try:
        await connection.execute(statement, conversation, *more)
        yield
    finally:
        for table in CHANGED:
            where = f"{table} where conversation_id = '{conversation}'"
            await connection.execute(f"delete from {where}")  # noqa: S608 - our own
            await connection.execute(f"insert into {table} table kept_{table}")
            await connection.execute(f"drop table kept_{table}")


async def name_of(connection: asyncpg.Connection, column: str, conversation: UUID) -> str:
    """Return the id in this column of the conversation's one row of it."""
    table, _, name = column.partition(".")
    where = f"{table} where conversation_id = $1 and {name} is not null"
    query = f"select {name} from {where}"  # noqa: S608 - our own
    return str(await connection.fetchval(query, conversation))


SPOILED = (
    (
        "different",
        "edit",
        "message_changes.edit_id",
        "update message_changes set text = 'no' where conversation_id = $1 and edit_id is not null",
    ),
    (
        "missing",
        "reaction",
        "reactions.event_id",
        "delete from reactions where conversation_id = $1",
    ),
    (
        "different",
        "rating",
        "feedback.event_id",
        "update feedback set reason = 'forged' where conversation_id = $1",
    ),
    (
        "missing",
        "handover",
        "conversation_handlers.event_id",
        "delete from conversation_handlers where conversation_id = $1",
    ),
    (
        "different",
        "title",
        "conversation_changes.title_id",
        "update conversation_changes set title = 'no' where conversation_id = $1",
    ),
)


async def test_changes_agree_until_they_do_not(stack: Stack) -> None:
    """What is broken by hand is named by what it is and its id, and nothing else is."""
    where = ("--data", str(stack.folder.root))
    token = TokenMint(stack.folder.root).token()
    rest = signed_in(stack.url, token)
    credentials = by_token(stack.socket_url, token)
    async with tables(stack) as connection, rest, Chat(credentials, rest=rest) as chat:
        conversation = await chat.start()
        await do_everything(connection, conversation)
        status, shown = await verify(*where)
        findings = ("missing", "unexpected", "duplicate", "different")
        assert (status, [shown[each] for each in findings]) == (0, [[], [], [], []])
        assert sum(each["standing"] for each in shown["partitions"]) >= 6
        for finding, kind, column, statement in SPOILED:
            name = f"{kind} {await name_of(connection, column, conversation.id)}"
            async with broken(connection, conversation.id, statement):
                status, shown = await verify(*where)
            expected = {each: [name] if each == finding else [] for each in findings}
            assert (status, {each: shown[each] for each in findings}) == (1, expected)
        stranger = uuid4()
        put = "insert into read_marks select $1, $2, $2, now()"
        async with broken(connection, conversation.id, put, stranger):
            status, shown = await verify(*where)
        assert (status, shown["unexpected"]) == (1, [f"read {stranger}"])
        lost = "update message_changes set deleted_at = null where conversation_id = $1"
        async with broken(connection, conversation.id, lost):
            status, shown = await verify(*where)
        # Neither the deletion nor the wording before it is there.
        assert [each.split()[0] for each in shown["missing"]] == ["edit", "deletion"]
