"""Whatever somebody does on one device is seen on all of theirs, on whichever edge they are."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from edge_ws.settings import RingSettings
from parley_client import Chat, Thread, by_token
from tests.unit.edge_ws.stage import Client, Stage, create_stage, running, until

if TYPE_CHECKING:
    from parley_client.conversation import Events
    from parley_client.frames import Frame

KINDS = ["message", "message", "message:edited", "reaction", "read", "message:deleted"]


@pytest.fixture
async def edges() -> AsyncIterator[tuple[Stage, Stage]]:
    """Two edges on one log; the second holds nothing in its rings."""
    first = create_stage()
    second = create_stage(publisher=first.publisher, ring=RingSettings(total_bytes=1))
    async with AsyncExitStack() as stack:
        yield (
            await stack.enter_async_context(running(first)),
            await stack.enter_async_context(running(second)),
        )


async def heard(events: "Events") -> "list[Frame]":
    frames: list[Frame] = []
    while len(frames) < len(KINDS):
        frame = await anext(events)
        if frame["type"] in KINDS:
            frames.append(frame)
    return frames


async def test_devices_stay_in_sync(edges: tuple[Stage, Stage]) -> None:
    """Own messages, edits, reactions, read marks and deletions; also on one that was cut."""
    first, second = edges
    user_id = uuid4()
    async with AsyncExitStack() as stack:
        tab, other_tab, phone = [
            await stack.enter_async_context(Chat(by_token(edge.url, edge.token(user_id))))
            for edge in (first, first, second)
        ]
        talk = await tab.start()
        here = talk.events()
        there = (await other_tab.join(talk.id)).events()
        away = (await phone.join(talk.id)).events()
        kept = (await talk.send("one")).message_id
        assert (await anext(away))["message_id"] == str(kept)
        for connection in tuple(second.edge.hub._connections):
            connection.wire.transport.abort()  # type: ignore[attr-defined]
        gone = (await talk.send("two")).message_id
        await talk.edit(kept, "one, in other words")
        await talk.react(kept, "👍")
        await talk.mark_read(gone)
        await talk.delete(gone)
        seen = [await heard(events) for events in (here, there)]
        await until(lambda: phone.connections == 2)
        missed = [await anext(away) for _ in KINDS[1:]]

    assert [frame["type"] for frame in seen[0]] == KINDS
    assert seen[0] == seen[1]
    assert [frame["event_id"] for frame in missed] == [frame["event_id"] for frame in seen[0][1:]]
    states = []
    for frames in (*seen, [seen[0][0], *missed]):
        thread = Thread()
        for frame in frames:
            thread.apply(frame)
        states.append((thread.shown, thread.read))
    assert states[0] == states[1] == states[2]


async def test_a_conversation_that_begins_is_told_all_devices(edges: tuple[Stage, Stage]) -> None:
    """The owner's devices hear of it once each, on every edge, joined or not; nobody else does."""
    first, second = edges
    user_id = uuid4()
    tab, other_tab = [await Client.open(first, user_id) for _ in range(2)]
    phone, stranger = await Client.open(second, user_id), await Client.open(second)
    conversation = await tab.start()
    for device in (other_tab, phone):
        started = await device.hear()
        assert (started["type"], started["conversation_id"]) == (
            "conversation:started",
            str(conversation),
        )
    await tab.send(conversation, "hello")
    types = [(await tab.hear())["type"]]
    while types[-1] != "message":
        types.append((await tab.hear())["type"])
    assert types.count("conversation:started") <= 1
    for device in (other_tab, phone, stranger):
        await device.say(type="ping", ref="p")
        assert (await device.hear())["type"] == "pong"
