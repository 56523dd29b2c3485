"""`parley verify` against a stack that really runs."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from parley_client import Chat, by_token
from tests.people import TokenMint
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(180)]


async def verify(*where: str) -> tuple[int, dict[str, Any]]:
    command = ["-m", "cli.main", "verify", "--json", *where]
    done = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60):
            out, words = await done.communicate()
    except TimeoutError:
        done.kill()
        raise
    assert out, words.decode()
    assert done.returncode is not None
    return done.returncode, json.loads(out)


@asynccontextmanager
async def tables(stack: Stack) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(stack.database_url())
    try:
        yield connection
    finally:
        await connection.close()


async def said(stack: Stack, connection: asyncpg.Connection) -> UUID:
    """Say and change something; return its event id when it and its answer are stored."""
    credentials = by_token(stack.socket_url, TokenMint(stack.folder.root).token())
    async with Chat(credentials) as chat:
        conversation = await chat.start()
        accepted = await conversation.send("where is my order 4711?")
        await conversation.edit(accepted.message_id, "where is my order 4712?")
        await conversation.react(accepted.message_id, "\N{WAVING HAND SIGN}")
        query = "select event_id, type from messages where conversation_id = $1 order by type"
        while len(rows := await connection.fetch(query, conversation.id)) < 2:
            await asyncio.sleep(0.05)
    found = await connection.fetchval(
        "select event_id from messages where message_id = $1", accepted.message_id
    )
    assert found in {row["event_id"] for row in rows}
    return UUID(str(found))


async def test_log_and_tables_agree_until_they_do_not(stack: Stack) -> None:
    """A healthy stack is ok; a row taken away is missing, a row put in by hand is unexpected."""
    async with tables(stack) as connection:
        event_id = await said(stack, connection)
        status, shown = await verify("--data", str(stack.folder.root))
        assert (status, shown["missing"], shown["unexpected"]) == (0, [], [])
        assert sum(each["events"] for each in shown["partitions"]) >= 3
        stranger = uuid4()
        await connection.execute(
            "create temp table kept as select * from messages where event_id = $1", event_id
        )
        await connection.execute("delete from messages where event_id = $1", event_id)
        await connection.execute(
            "insert into messages select (jsonb_populate_record(kept,"
            " jsonb_build_object('event_id', $1::uuid, 'message_id', $1::uuid))).* from kept",
            stranger,
        )
        try:
            # The same by its addresses, as for a stack that `parley up` did not start.
            addresses = ["--bootstrap-servers", stack.bootstrap_servers]
            status, shown = await verify(*addresses, "--database-url", stack.database_url())
        finally:
            await connection.execute("delete from messages where event_id = $1", stranger)
            await connection.execute("insert into messages select * from kept")
    assert status == 1
    assert (shown["missing"], shown["unexpected"]) == ([str(event_id)], [str(stranger)])
    # The row that was put in has the key of the one taken away: one partition disagrees.
    wrong = [each for each in shown["partitions"] if each["missing"] or each["unexpected"]]
    assert [(each["missing"], each["unexpected"]) for each in wrong] == [(1, 1)]


async def test_an_answer_in_two_rows_is_named(stack: Stack) -> None:
    """By the question that it answers, whatever its event id."""
    double = uuid4()
    async with tables(stack) as connection:
        event_id = await said(stack, connection)
        query = "select message_id from messages where event_id = $1"
        question = await connection.fetchval(query, event_id)
        await connection.execute(
            "insert into messages select (jsonb_populate_record(said,"
            " jsonb_build_object('event_id', $1::uuid, 'message_id', $1::uuid))).*"
            " from messages as said where in_reply_to = $2",
            double,
            question,
        )
        try:
            status, shown = await verify("--data", str(stack.folder.root))
        finally:
            await connection.execute("delete from messages where event_id = $1", double)
    assert status == 1
    assert (shown["missing"], shown["duplicate"]) == ([], [str(question)])
