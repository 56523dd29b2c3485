"""Who comes back to an edge that was gone for longer than it looks back misses nothing."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from parley_client import Chat, ParleyClient, Thread, by_token
from parley_client.conversation import Conversation, Events
from parley_client.errors import RestError
from parley_client.frames import Frame
from tests.connected.edge_bed import ForgetfulEdge, forgetful_edge
from tests.faults.traffic import signed_in
from tests.people import TokenMint
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(300)]

PATIENCE_SECONDS = 60.0


class Person:
    """One user at two devices: one on the stack's edge, one on an edge that goes away."""

    def __init__(self, stack: Stack, edge: ForgetfulEdge) -> None:
        user_id = uuid4()
        token = TokenMint(stack.folder.root).token(user_id)
        self.id = user_id
        self.rest: ParleyClient = signed_in(stack.url, token)
        self.here = Chat(by_token(stack.socket_url, token))
        self.away = Chat(by_token(edge.url, token), rest=self.rest)


async def hear(events: Events, frame_type: str) -> Frame:
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for frame in events:
            if frame["type"] == frame_type:
                return frame
    pytest.fail("closed")


async def everything_happens(talk: Conversation, events: Events) -> list[Frame]:
    """Say and do something of every kind; return what this device heard of it."""
    heard: list[Frame] = []

    async def until(frame_type: str, count: int = 1) -> Frame:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while sum(frame["type"] == frame_type for frame in heard) < count:
                heard.append(await anext(events))
        return next(frame for frame in reversed(heard) if frame["type"] == frame_type)

    kept = (await talk.send("where is my order 48213?")).message_id
    answer = await until("reply")
    gone = (await talk.send("forget that I said this")).message_id
    await until("reply", 2)
    await talk.edit(kept, "where is my order 48214?")
    await talk.react(UUID(str(answer["message_id"])), "👍")
    await talk.mark_read(UUID(str(answer["message_id"])))
    await talk.delete(gone)
    await until("message:deleted")
    return heard


def by_log(frames: list[Frame]) -> dict[str, list[tuple[str, str]]]:
    """Return what stands in each log, in the order in which it was heard."""
    logs: dict[str, list[tuple[str, str]]] = {}
    for frame in frames:
        logs.setdefault(frame["at"].partition(":")[0], []).append((frame["at"], frame["event_id"]))
    return logs


async def fresh(person: Person, conversation_id: UUID) -> Thread:
    try:
        page = await person.rest.history(conversation_id)
    except RestError as error:
        if error.code != "not_found":
            raise
        # Persistence has not come as far as the conversation's start yet.
        return Thread.of([], [])
    return Thread.of(page.items, page.read)


async def same_as_fresh(person: Person, thread: Thread, conversation_id: UUID) -> None:
    """Wait until persistence has it all, and compare."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            stored = await fresh(person, conversation_id)
            if (stored.shown, stored.read) == (thread.shown, thread.read):
                return
            await asyncio.sleep(0.2)


async def test_an_edge_that_was_gone_replays_what_was_missed(stack: Stack, tmp_path: Path) -> None:
    """All kinds of events of the time without it, exactly once, in the order of each log."""
    async with forgetful_edge(stack, tmp_path) as edge:
        person = Person(stack, edge)
        async with person.rest, person.here, person.away:
            talk = await person.here.start()
            live = talk.events()
            await talk.send("hello")
            first = await hear(live, "reply")
            away = person.away._conversation(talk.id)
            missed = away.events()
            await person.away.join(talk.id, positions=[first["at"]])
            await talk.send("are you both there?")
            said = await hear(live, "reply")
            before = await hear(missed, "reply")
            while before["event_id"] != said["event_id"]:
                # An edge that is behind pushes what the position given to it already covers.
                before = await hear(missed, "reply")
            await edge.kill()
            happened = await everything_happens(talk, live)
            await edge.start()
            heard: list[Frame] = []
            async with asyncio.timeout(PATIENCE_SECONDS):
                while len(heard) < len(happened):
                    heard.append(await anext(missed))
            assert before["event_id"] not in {frame["event_id"] for frame in heard}
            assert by_log(heard) == by_log(happened)
            assert all(frame["replayed"] for frame in heard)
            assert "forget that" not in str(heard)
            thread = await fresh(person, talk.id)
            for frame in heard:
                thread.apply(frame)
            await same_as_fresh(person, thread, talk.id)
            await talk.send("and now live")
            live_again = await hear(missed, "message")
            assert (live_again["text"], "replayed" in live_again) == ("and now live", False)


async def test_what_is_too_far_is_reset_and_fetched(stack: Stack, tmp_path: Path) -> None:
    """An edge that replays nothing from the log sends its clients to the history, whole."""
    frames: list[Frame] = []
    async with forgetful_edge(stack, tmp_path, PARLEY_RESUME__RECORDS="0") as edge:
        person = Person(stack, edge)
        person.away._on_frame = frames.append
        async with person.rest, person.here, person.away:
            talk = await person.here.start()
            live = talk.events()
            away = (await person.away.join(talk.id)).events()
            await talk.send("hello")
            await hear(live, "reply")
            await hear(away, "reply")
            await edge.kill()
            await everything_happens(talk, live)
            await edge.start()
            thread = Thread()
            async with asyncio.timeout(PATIENCE_SECONDS):
                while len(thread.shown) < 4:
                    thread.apply(await anext(away))
    assert "reset" in {frame["type"] for frame in frames}
    assert [shown.deleted for shown in thread.shown].count(True) == 1


async def test_a_page_and_a_socket_leave_no_gap(stack: Stack, tmp_path: Path) -> None:
    """While persistence stands still a page is old; joining from its positions brings the rest."""
    async with forgetful_edge(stack, tmp_path) as edge:
        person = Person(stack, edge)
        async with person.rest, person.here:
            talk = await person.here.start()
            live = talk.events()
            await talk.send("hello")
            await hear(live, "reply")
            async with asyncio.timeout(PATIENCE_SECONDS):
                while len((await fresh(person, talk.id)).shown) < 2:
                    await asyncio.sleep(0.2)
            stack.hold("persistence")
            try:
                happened = await everything_happens(talk, live)
                await edge.kill()
                await edge.start()
                page = await person.rest.history(talk.id)
                assert len(page.items) == 2
                thread = Thread.of(page.items, page.read)
                async with person.away:
                    events = person.away._conversation(talk.id).events()
                    await person.away.join(talk.id, positions=page.positions)
                    heard = [await anext(events) for _ in happened]
                assert by_log(heard) == by_log(happened)
            finally:
                stack.release("persistence")
            for frame in heard:
                thread.apply(frame)
            await same_as_fresh(person, thread, talk.id)
