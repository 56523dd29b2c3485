"""A conversation from its start to its deletion, on the real stack, for every device."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from parley_client import Chat, ParleyClient, RejectedError, RestError, Thread, by_token
from parley_client.conversation import Conversation
from parley_client.frames import Frame
from tests.connected.edge_bed import forgetful_edge
from tests.connected.test_verify import verify
from tests.faults.traffic import signed_in
from tests.people import TokenMint
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

SECRET = "zebra"
TABLES = (
    "conversations",
    "conversation_changes",
    "conversation_handlers",
    "messages",
    "message_changes",
    "message_insights",
    "feedback",
)
PATIENCE_SECONDS = 60.0


class Device:
    """A socket of somebody, and everything that it heard."""

    def __init__(self, url: str, token: str, rest: ParleyClient) -> None:
        self.heard: list[Frame] = []
        self.chat = Chat(by_token(url, token), rest=rest, on_frame=self.heard.append)

    async def hear(self, frame_type: str, about: UUID) -> Frame:
        """Return the first such frame about this conversation."""
        await until(lambda: bool(self._of(frame_type, about)))
        return self._of(frame_type, about)[0]

    def _of(self, frame_type: str, about: UUID) -> list[Frame]:
        return [
            frame
            for frame in self.heard
            if frame["type"] == frame_type and frame.get("conversation_id") == str(about)
        ]


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():
            await asyncio.sleep(0.05)


async def refusal_of(work: Awaitable[object]) -> str:
    """Return the code with which something is refused."""
    try:
        await work
    except (RejectedError, RestError) as refused:
        return refused.code
    pytest.fail("nobody refused it")


async def talked(device: Device) -> tuple[Conversation, UUID]:
    """Say things with a secret in them, and return what can still be taken back."""
    talk = await device.chat.start(title=f"about my {SECRET}")
    question = (await talk.send(f"where is my {SECRET}, order 48213?")).message_id
    answer = UUID((await device.hear("reply", talk.id))["message_id"])
    await talk.edit(question, f"where is my other {SECRET}?")
    await talk.rate(answer, "down", f"not my {SECRET}")
    await talk.hand_over("agent", f"the {SECRET} is broken")
    await talk.hand_over("assistant")
    return talk, (await talk.send("forget this")).message_id


async def traces(connection: asyncpg.Connection) -> dict[str, int]:
    """Return in how many rows of each table the secret still stands."""
    found = {}
    for table in TABLES:
        query = f"select count(*) from {table} where {table}::text like $1"  # noqa: S608 - our names
        found[table] = await connection.fetchval(query, f"%{SECRET}%")
    return {table: count for table, count in found.items() if count}


async def stored(connection: asyncpg.Connection, conversation: UUID, status: str) -> None:
    """Return once the tables say so."""
    query = "select status from conversations where id = $1"
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await connection.fetchval(query, conversation) != status:
            await asyncio.sleep(0.05)


async def test_renamed_ended_and_deleted(stack: Stack, tmp_path: Path) -> None:
    """Every device follows; what is over is refused by edges that never heard of it; no word stays.

    What was published holds for the gateway at once; log and tables agree afterwards.
    """
    token = TokenMint(stack.folder.root).token(uuid4())
    connection = await asyncpg.connect(stack.database_url())
    rest = signed_in(stack.url, token)
    here, elsewhere = (Device(stack.socket_url, token, rest) for _ in range(2))
    try:
        async with rest, here.chat, elsewhere.chat:
            talk, last = await talked(here)
            await stored(connection, talk.id, "active")
            await renamed(talk, here, elsewhere, rest)
            await ended(talk, last, here, elsewhere, rest)
            await stored(connection, talk.id, "ended")
            async with forgetful_edge(stack, tmp_path) as edge:
                late = Device(edge.url, token, rest)
                async with late.chat:
                    again = await late.chat.join(talk.id)
                    assert await refusal_of(again.send("still there?")) == "conversation_ended"
            assert await traces(connection)
            await deleted(talk, here, elsewhere, rest)
            await stored(connection, talk.id, "deleted")
            async with forgetful_edge(stack, tmp_path) as edge:
                late = Device(edge.url, token, rest)
                async with late.chat:
                    assert await refusal_of(late.chat.join(talk.id)) == "not_found"
        assert await traces(connection) == {}
        query = "select count(*) from messages where conversation_id = $1"
        assert await connection.fetchval(query, talk.id) >= 3
    finally:
        await connection.close()
    status, shown = await verify("--data", str(stack.folder.root))
    assert (status, shown["missing"], shown["unexpected"]) == (0, [], [])


async def renamed(talk: Conversation, here: Device, elsewhere: Device, rest: ParleyClient) -> None:
    """Twice under one name; both devices hear of it, and the gateway knows it at once."""
    name = uuid4()
    for _ in range(2):
        await talk.rename("The lid", client_event_id=name)
    one = (await rest.request("GET", f"/api/chat/conversations/{talk.id}")).json()
    assert one["title"] == "The lid"
    frames = [await each.hear("conversation:renamed", talk.id) for each in (here, elsewhere)]
    assert {(frame["title"], frame["event_id"]) for frame in frames} == {
        ("The lid", frames[0]["event_id"])
    }
    page = await rest.history(talk.id)
    assert Thread.of(page.items, title=page.title).title == "The lid"


async def ended(
    talk: Conversation, last: UUID, here: Device, elsewhere: Device, rest: ParleyClient
) -> None:
    """Nothing more is said, by socket or REST; one's words can still be taken back."""
    await talk.end()
    await talk.end()
    message = {
        "conversation_id": str(talk.id),
        "client_message_id": str(uuid4()),
        "text": "one more",
    }
    sending = rest.request("POST", "/api/chat/messages", body=message)
    assert await refusal_of(sending) == "conversation_ended"
    for each in (here, elsewhere):
        await each.hear("conversation:ended", talk.id)
    assert await refusal_of(talk.send("one more")) == "conversation_ended"
    assert await refusal_of(talk.hand_over("agent")) == "conversation_ended"
    await talk.delete(last)
    page = await rest.history(talk.id)
    assert Thread.of(page.items, title=page.title, ended_at=page.ended_at).status == "ended"


async def deleted(talk: Conversation, here: Device, elsewhere: Device, rest: ParleyClient) -> None:
    """It is nowhere at once; deleting it again finds nothing; both devices hear of it."""
    await talk.delete_conversation()
    assert await refusal_of(talk.delete_conversation()) == "not_found"
    assert await refusal_of(talk.rename("back")) == "not_found"
    assert await refusal_of(rest.history(talk.id)) == "not_found"
    assert str(talk.id) not in [each["id"] for each in await rest.conversations()]
    for each in (here, elsewhere):
        await each.hear("conversation:deleted", talk.id)
        assert await refusal_of(each.chat.join(talk.id)) == "not_found"
