"""Changing messages by the client, and the state that a thread makes of it."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from edge_ws.ports import KnownMessage
from parley_client import Chat, RejectedError, Thread, by_token
from producers.memory import InMemoryEventPublisher
from producers.ports import Published, PublishStatus
from schemas.events.chat import (
    FeedbackGiven,
    MessageEdited,
    MessageEvent,
    MessageSent,
    MessagesRead,
)
from schemas.ids import ASSISTANT_ID
from schemas.text import format_instant
from tests.unit.edge_ws.stage import Stage, create_stage, running, until

if TYPE_CHECKING:
    from parley_client.conversation import Conversation, Events
    from parley_client.frames import Frame
    from schemas.events.envelope import Event


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """An edge with everything around it in memory."""
    async with running(create_stage()) as ready:
        yield ready


async def use_everything(conversation: "Conversation") -> UUID:
    """Use every command and return the message that is left."""
    kept = (await conversation.send("typo")).message_id
    gone = (await conversation.send("never mind")).message_id
    await conversation.edit(kept, "no typo")
    await conversation.react(kept, "👍")
    await conversation.react(kept, "🎉")
    await conversation.react(kept, "🎉", active=False)
    await conversation.mark_read(gone)
    await conversation.delete(gone)
    return kept


async def test_every_command_is_accepted_and_heard(stage: Stage) -> None:
    """What one device does, the state on another shows."""
    user_id, heard = uuid4(), list["Frame"]()
    chat = Chat(by_token(stage.url, stage.token(user_id)), on_frame=heard.append)
    async with chat:
        conversation = await chat.start()
        kept = await use_everything(conversation)
        await until(lambda: any(frame["type"] == "message:deleted" for frame in heard))
    thread = Thread()
    for frame in heard:
        thread.apply(frame)
    shown, deleted = thread.shown
    assert (shown.message_id, shown.text) == (str(kept), "no typo")
    assert shown.edited_at
    assert shown.reactions == {(str(user_id), "👍")}
    assert (deleted.text, deleted.deleted) == (None, True)
    assert thread.read == {str(user_id): deleted.message_id}
    for seed in range(20):
        shuffled = heard + heard[::3]
        random.Random(seed).shuffle(shuffled)
        again = Thread()
        for frame in shuffled:
            again.apply(frame)
        assert (again.shown, again.read) == (thread.shown, thread.read)


def feedback(second: int, rating: str, user_id: UUID) -> "Frame":
    """Return somebody's rating of the one answer."""
    return {
        "type": "feedback",
        "event_id": f"rating-{second}",
        "occurred_at": f"2026-11-23T12:00:{second:02}.000000Z",
        "message_id": "answer",
        "sender": {"id": str(user_id)},
        "rating": rating,
    }


def test_a_thread_shows_its_readers_rating() -> None:
    """The last of one's own, whatever the order; a history's, until something newer comes."""
    me, other = uuid4(), uuid4()
    answer: Frame = {
        "type": "reply",
        "event_id": "answer",
        "occurred_at": "2026-11-23T12:00:00.000000Z",
        "message_id": "answer",
        "sender": {"id": str(uuid4())},
        "text": "Yes.",
    }
    frames = [feedback(5, "down", me), feedback(4, "up", me), feedback(9, "up", other)]
    for order in (frames, frames[::-1]):
        thread = Thread.of([answer], reader=me)
        for frame in order:
            thread.apply(frame)
        assert [each.rating for each in thread.shown] == ["down"]
    stored = {**answer, "rating": "up"}
    assert [each.rating for each in Thread.of([stored], reader=me).shown] == ["up"]
    later = Thread.of([stored], reader=me)
    later.apply(frames[0])
    assert [each.rating for each in later.shown] == ["down"]
    assert [each.rating for each in Thread.of([stored]).shown] == [None]


async def test_an_answer_is_rated(stage: Stage) -> None:
    """By the client as by the page; what is no answer is refused."""
    async with Chat(by_token(stage.url, stage.token(uuid4()))) as chat:
        conversation = await chat.start()
        message = (await conversation.send("hello")).message_id
        with pytest.raises(RejectedError):
            await conversation.rate(message, "up")
        answer = uuid4()
        stage.directory.messages[conversation.id, answer] = KnownMessage(
            ASSISTANT_ID, datetime.now(UTC), answers=message
        )
        await conversation.rate(answer, "down", "not my question")
    [given] = [each for each in stage.publisher.events if isinstance(each, FeedbackGiven)]
    assert (given.message_id, given.in_reply_to) == (answer, message)
    assert (given.rating, given.reason) == ("down", "not my question")


async def test_a_change_is_repeated_under_one_name(stage: Stage) -> None:
    """`unknown` is repeated, and is one event however often it lands."""
    async with Chat(by_token(stage.url, stage.token(uuid4()))) as chat:
        conversation = await chat.start()
        message = (await conversation.send("hello")).message_id
        stage.publisher.status = PublishStatus.UNKNOWN
        answers = 0

        def count(frame: "Frame") -> None:
            nonlocal answers
            answers += frame["type"] == "ack"
            if answers == 2:
                stage.publisher.status = PublishStatus.ACCEPTED

        chat._on_frame = count
        await conversation.react(message, "👍")
    found = [event for event in stage.publisher.events if isinstance(event, MessageEvent)]
    assert len({event.event_id for event in found}) == 1


class ForgetfulPublisher(InMemoryEventPublisher):
    """Keeps every event, and does not say so the first time."""

    async def publish(self, event: "Event") -> Published:
        repeated = any(each.event_id == event.event_id for each in self.events)
        published = await super().publish(event)
        return published if repeated else Published(PublishStatus.UNKNOWN, published.topic)


async def test_of_a_change_that_landed_twice_the_latest_counts() -> None:
    """What a listener's thread shows has the time that a fresh history will tell."""
    thread = Thread()

    async def listen(events: "Events") -> None:
        async for frame in events:
            thread.apply(frame)

    async with (
        running(create_stage(publisher=ForgetfulPublisher())) as stage,
        Chat(by_token(stage.url, stage.token(uuid4()))) as chat,
        asyncio.TaskGroup() as tasks,
    ):
        conversation = await chat.start()
        events = conversation.events()
        tasks.create_task(listen(events))
        message = (await conversation.send("typo")).message_id
        await conversation.edit(message, "no typo")
        edits = [each for each in stage.publisher.events if isinstance(each, MessageEdited)]
        first, again = (format_instant(each.occurred_at) for each in edits)
        assert edits[0].event_id == edits[1].event_id
        await until(lambda: [each.edited_at for each in thread.shown] == [again])
        assert again > first
        said = [each for each in stage.publisher.events if isinstance(each, MessageSent)]
        assert len(said) == 2
        await conversation.mark_read(message)
        [*_, mark] = stage.publisher.events
        assert isinstance(mark, MessagesRead)
        assert mark.up_to == said[0].occurred_at
        events.close()


def test_a_thread_takes_the_latest_of_one_change() -> None:
    """Whatever the order, and whatever came in between under another name."""
    about = {"message_id": "m", "sender": {"id": "me"}}
    said = {**about, "type": "message", "event_id": "m", "occurred_at": "12:00:00", "text": "a"}
    edit = {**about, "type": "message:edited", "event_id": "x", "text": "b"}
    react = {**about, "type": "reaction", "emoji": "👍", "event_id": "y", "active": True}
    call = {"type": "handover", "event_id": "z", "to": "agent"}
    frames: list[Frame] = [
        *({**each, "occurred_at": at} for each in (edit, react, call) for at in ("12:01", "12:03")),
        {**edit, "event_id": "other", "occurred_at": "12:02", "text": "c"},
        {**react, "event_id": "other", "occurred_at": "12:02", "active": False},
        {**call, "event_id": "other", "occurred_at": "12:02", "to": "assistant"},
    ]
    for seed in range(20):
        random.Random(seed).shuffle(frames)
        thread = Thread.of([said])
        for frame in frames + frames[::3]:
            thread.apply(frame)
        [shown] = thread.shown
        assert (shown.text, shown.edited_at, thread.handler) == ("b", "12:03", "agent")
        assert shown.reactions == {("me", "👍")}


async def test_what_is_not_there_is_refused(stage: Stage) -> None:
    """A rejection raises, with its code."""
    async with Chat(by_token(stage.url, stage.token(uuid4()))) as chat:
        conversation = await chat.start()
        with pytest.raises(RejectedError) as refused:
            await conversation.edit(uuid4(), "hm")
    assert refused.value.code == "not_found"


async def test_typing_and_presence_are_said_and_heard(stage: Stage) -> None:
    """They need no answer; without a connection they are lost without a word."""
    user_id, heard = uuid4(), list["Frame"]()
    chat = Chat(by_token(stage.url, stage.token(user_id)), on_frame=heard.append)
    async with chat:
        await until(lambda: bool(stage.whispers.ears))
        conversation = await chat.start()
        await conversation.typing()
        await chat.watch([user_id])
        await until(lambda: {"typing", "presence"} <= {frame["type"] for frame in heard})
    await conversation.typing(active=False)


async def test_a_conversation_is_handed_over_and_back(stage: Stage) -> None:
    """Every device hears it, with the note; the latest counts, in whatever order it is heard."""
    user_id, heard = uuid4(), list["Frame"]()
    chat = Chat(by_token(stage.url, stage.token(user_id)), on_frame=heard.append)
    async with chat:
        conversation = await chat.start()
        name = uuid4()
        for _ in range(2):
            await conversation.hand_over("agent", "broken lid", client_event_id=name)
        await until(lambda: any(frame["type"] == "handover" for frame in heard))
        called = [frame for frame in heard if frame["type"] == "handover"]
        await conversation.hand_over("assistant")
        await until(lambda: any(frame.get("to") == "assistant" for frame in heard))
    assert {frame["event_id"] for frame in called} == {called[0]["event_id"]}
    assert (called[0]["note"], called[0]["sender"]["id"]) == ("broken lid", str(user_id))
    for frames, handler in ((called, "agent"), (heard, "assistant"), (heard[::-1], "assistant")):
        thread = Thread()
        for frame in frames:
            thread.apply(frame)
        assert thread.handler == handler
    last = {**called[0], "type": "ignored"}
    assert Thread.of([], [], last).handler == "agent"


async def test_what_the_desk_hears_is_no_part_of_a_conversation(stage: Stage) -> None:
    """An agent hears of a hand-over elsewhere, and a later join still brings what came before."""
    owner_id, agent_id, heard = uuid4(), uuid4(), list["Frame"]()
    owner = Chat(by_token(stage.url, stage.token(owner_id)))
    token = stage.token(agent_id, role="agent")
    agent = Chat(by_token(stage.url, token), on_frame=heard.append)
    async with owner, agent:
        asked = await owner.start()
        said = (await asked.send("the lid is broken")).message_id
        await asked.hand_over("agent")
        await until(lambda: any(frame["type"] == "handover" for frame in heard))
        stage.directory.owners[asked.id] = owner_id
        stage.directory.agents[asked.id] = (agent_id,)
        events = agent._conversation(asked.id).events()
        await agent.join(asked.id)
        await until(lambda: any(frame["type"] == "caught_up" for frame in heard))
    told = [frame async for frame in events]
    assert {"message", "handover"} <= {frame["type"] for frame in told}
    assert str(said) in {frame.get("message_id") for frame in told}


def test_a_thread_knows_who_came() -> None:
    """From a history, from frames, and from both in any order: each once, by name."""
    came = {
        "type": "conversation:joined",
        "event_id": "e1",
        "occurred_at": "2026-01-01T10:00:00.000000Z",
        "sender": {"id": "u1", "kind": "agent", "name": "Grace"},
    }
    listed = {"id": "u1", "name": "Grace", "joined_at": "2026-01-01T10:00:00.000000Z"}
    live = Thread()
    assert live.agents == {}
    for _ in range(2):
        live.apply(came)
    both = Thread.of([], agents=[listed])
    both.apply(came)
    assert live.agents == both.agents == Thread.of([], agents=[listed]).agents == {"u1": "Grace"}
