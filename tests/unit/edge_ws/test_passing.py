"""Typing and presence: told across edges, never waited for, gone without Valkey."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import pytest

from edge_ws import passing
from edge_ws.memory import InMemoryWhispers
from edge_ws.presence import AT_ONCE
from schemas.frames.server import PresenceState
from tests.unit.edge_ws.stage import Client, Stage, create_stage, running, until


@pytest.fixture
async def edges() -> AsyncIterator[tuple[Stage, Stage]]:
    """Two edges that hear each other's whispers, and nothing else."""
    whispers = InMemoryWhispers()
    async with AsyncExitStack() as stack:
        first, second = [
            await stack.enter_async_context(running(create_stage(whispers=whispers)))
            for _ in range(2)
        ]
        await until(lambda: len(whispers.ears) == 2)
        yield first, second


async def join(stage: Stage, client: Client, conversation: UUID) -> None:
    """Join a conversation that the directory knows as this client's."""
    stage.directory.owners[conversation] = client.user_id
    await client.say(type="conversation:join", ref="j", conversation_id=str(conversation))
    await client.hear_type("caught_up")


async def type_in(client: Client, conversation: UUID, *, active: bool = True) -> None:
    """Say that somebody writes."""
    await client.say(type="typing", conversation_id=str(conversation), active=active)


async def test_typing_reaches_the_conversation_on_every_edge(edges: tuple[Stage, Stage]) -> None:
    """Who is in the conversation hears of it, wherever they are; nobody else does."""
    first, second = edges
    writer, conversation = await Client.open(first), uuid4()
    reader, stranger = await Client.open(second), await Client.open(second)
    await join(first, writer, conversation)
    await join(second, reader, conversation)
    for active in (True, False):
        await type_in(writer, conversation, active=active)
        heard = await reader.hear_type("typing")
        assert heard == {
            "type": "typing",
            "conversation_id": str(conversation),
            "user_id": str(writer.user_id),
            "active": active,
            "expires_ms": 6_000,
        }
    await stranger.say(type="ping", ref="p")
    assert (await stranger.hear())["type"] == "pong"
    assert first.publisher.events == []


async def test_typing_is_passed_on_now_and_then(edges: tuple[Stage, Stage]) -> None:
    """A key press each is not a whisper each; stopping always is."""
    first, _ = edges
    writer, conversation = await Client.open(first), uuid4()
    await join(first, writer, conversation)
    for _ in range(20):
        await type_in(writer, conversation)
    await type_in(writer, conversation, active=False)
    heard = [(await writer.hear_type("typing"))["active"] for _ in range(2)]
    assert heard == [True, False]


async def test_without_valkey_sockets_live_on(edges: tuple[Stage, Stage]) -> None:
    """Nothing is heard, nothing else stops; when it is back, so are whispers."""
    first, _ = edges
    client, conversation = await Client.open(first), uuid4()
    await join(first, client, conversation)
    first.whispers.away = True
    for _ in range(3):
        await type_in(client, conversation)
        await client.say(type="presence:watch", user_ids=[str(client.user_id)])
    await client.send(conversation, "still here")
    assert (await client.hear_type("message"))["text"] == "still here"
    other = await Client.open(first)
    await other.connection.close()
    assert await client.lives()
    first.whispers.away = False
    await type_in(client, conversation, active=False)
    assert (await client.hear_type("typing"))["active"] is False


async def test_presence_is_told_when_asked_and_when_it_changes(
    edges: tuple[Stage, Stage],
) -> None:
    """The owner of a conversation is seen coming and going by who else is in it."""
    first, second = edges
    owner_id, conversation = uuid4(), uuid4()
    agent = await Client.open(second)
    await join(second, agent, conversation)
    second.edge.tail._access.learn(str(conversation).encode(), owner_id)
    await agent.say(type="presence:watch", user_ids=[str(owner_id)])
    assert await agent.hear_type("presence") == {
        "type": "presence",
        "user_id": str(owner_id),
        "state": "offline",
    }
    phone, laptop = await Client.open(first, owner_id), await Client.open(first, owner_id)
    assert (await agent.hear_type("presence"))["state"] == "online"
    await phone.connection.close()
    await laptop.connection.close()
    gone = await agent.hear_type("presence")
    assert (gone["user_id"], gone["state"]) == (str(owner_id), "offline")
    assert gone["last_seen"]


async def test_somebody_is_away_when_all_their_devices_are(edges: tuple[Stage, Stage]) -> None:
    """One device in use is enough to be online; closing it leaves the others, left alone."""
    first, _ = edges
    phone, laptop = [await Client.open(first, user_id) for user_id in [uuid4()] * 2]
    await phone.say(type="presence:watch", user_ids=[str(phone.user_id)])
    assert (await phone.hear_type("presence"))["state"] == "online"
    await phone.say(type="presence", state="away")
    await phone.say(type="presence", state="away")
    await laptop.say(type="presence", state="away")
    away = await phone.hear_type("presence")
    assert (away["state"], "last_seen" in away) == ("away", True)
    await laptop.say(type="presence", state="online")
    assert (await phone.hear_type("presence"))["state"] == "online"
    await laptop.connection.close()
    assert (await phone.hear_type("presence"))["state"] == "away"
    await phone.say(type="presence", state="online")
    assert (await phone.hear_type("presence"))["state"] == "online"


async def test_strangers_are_not_watched(edges: tuple[Stage, Stage]) -> None:
    """Who shares no conversation is not told of; oneself always is."""
    first, second = edges
    curious, other = await Client.open(first), await Client.open(second)
    await curious.say(type="presence:watch", user_ids=[str(other.user_id), str(curious.user_id)])
    assert (await curious.hear_type("presence"))["user_id"] == str(curious.user_id)
    await other.connection.close()
    await curious.say(type="ping", ref="p")
    assert (await curious.hear())["type"] == "pong"


async def test_who_vanished_is_found_out(edges: tuple[Stage, Stage]) -> None:
    """An edge that died said nothing: the others look again."""
    first, _ = edges
    client = await Client.open(first)
    await client.say(type="presence:watch", user_ids=[str(client.user_id)])
    assert (await client.hear_type("presence"))["state"] == "online"
    look = first.whispers.look

    async def gone(user_ids: list[UUID]) -> list[passing.Seen]:
        return [passing.Seen(PresenceState.OFFLINE) for _ in await look(user_ids)]

    first.whispers.look = gone  # type: ignore[method-assign]
    await first.edge.presence.refresh()
    assert (await client.hear_type("presence"))["state"] == "offline"


@dataclass
class CountedWhispers(InMemoryWhispers):
    """Notes who is told of and looked for, never more than `AT_ONCE` together."""

    renewed: list[UUID] = field(default_factory=list)
    looked_for: list[UUID] = field(default_factory=list)

    async def arrive(self, user_ids: list[UUID], away: Sequence[UUID] = ()) -> None:
        """Note them."""
        assert 0 < len(user_ids) + len(away) <= AT_ONCE
        self.renewed += user_ids
        await super().arrive(user_ids, away)

    async def look(self, user_ids: list[UUID]) -> list[passing.Seen]:
        """Note them."""
        assert len(user_ids) <= AT_ONCE
        self.looked_for += user_ids
        return await super().look(user_ids)


async def test_many_are_renewed_a_few_at_a_time() -> None:
    """Sockets are served in between; nobody is left out, and who has left is not renewed."""
    whispers = CountedWhispers()
    presence, gone = create_stage(whispers=whispers).edge.presence, uuid4()
    people = [uuid4() for _ in range(2 * AT_ONCE)]
    presence._here.update([*people, gone])
    presence._watchers.update({each: set() for each in people})
    turns = 0

    async def serve() -> None:
        nonlocal turns
        while True:
            turns += 1
            presence._here.pop(gone, None)
            await asyncio.sleep(0)

    serving = asyncio.create_task(serve())
    await presence.refresh()
    serving.cancel()
    assert sorted(whispers.renewed) == sorted(people)
    assert sorted(whispers.looked_for) == sorted(people)
    assert turns >= 2


async def test_a_closed_socket_leaves_nothing_behind(stage: Stage) -> None:
    """Watchers and counts go with their socket."""
    client = await Client.open(stage)
    await client.say(type="presence:watch", user_ids=[str(client.user_id)])
    await client.hear_type("presence")
    await client.connection.close()
    await until(lambda: len(stage.edge.hub) == 0)
    assert not stage.edge.presence._watchers
    assert not stage.edge.presence._here
    assert not stage.edge.presence._idle


@pytest.mark.parametrize(
    "whisper", [b"", b"[]", b"{}", b'{"type":"typing"}', b'{"type":"presence","user_id":7}']
)
async def test_a_broken_whisper_is_passed_over(stage: Stage, whisper: bytes) -> None:
    """What cannot be read ends nothing."""
    client, conversation = await Client.open(stage), uuid4()
    await join(stage, client, conversation)
    await until(lambda: bool(stage.whispers.ears))
    await stage.whispers.tell(whisper)
    await type_in(client, conversation)
    assert (await client.hear_type("typing"))["active"] is True


async def test_too_much_to_say_is_dropped() -> None:
    """A queue that nobody empties stays bounded."""
    stage = create_stage()
    for _ in range(passing.MAX_UNSAID + 10):
        stage.edge.passing.say(lambda: stage.whispers.tell(b""))
    assert stage.edge.passing._unsaid.qsize() == passing.MAX_UNSAID
