"""Telling people that what they said has arrived: what is told, how often, and what is not."""

import asyncio
from uuid import UUID, uuid4

from parley_client import Chat, Thread, by_token
from parley_client.deliveries import DELIVERY_SECONDS, Deliveries
from parley_client.frames import Frame
from schemas.events.chat import MessagesDelivered, Sender, SenderKind
from tests.unit.edge_ws.stage import Stage, create_stage, running

ME, GRACE = str(uuid4()), str(uuid4())


def message(second: int, sender: str = GRACE, kind: str = "agent", talk: str = "talk") -> Frame:
    return {
        "type": "message",
        "conversation_id": talk,
        "message_id": f"m{second}",
        "event_id": f"e{second}",
        "occurred_at": f"2026-11-23T12:00:{second:02}.000000Z",
        "sender": {"id": sender, "kind": kind},
        "text": "hello",
    }


def mark(kind: str, second: int, sender: str) -> Frame:
    said = message(second, sender)
    return {**said, "type": kind, "up_to": said["occurred_at"]}


async def told_of(*frames: Frame) -> list[Frame]:
    """Return what is told of these, a moment after they came."""
    told: list[Frame] = []
    deliveries = Deliveries(told.append)
    deliveries.signed_in(ME)
    for frame in frames:
        deliveries.note(frame)
    assert told == []
    await asyncio.sleep(DELIVERY_SECONDS + 0.1)
    return told


async def test_the_newest_of_each_conversation_is_told_once() -> None:
    """However many came within a second, and in whatever order."""
    told = await told_of(message(1), message(3), message(2), message(9, talk="other"))
    assert [(each["conversation_id"], each["message_id"]) for each in told] == [
        ("talk", "m3"),
        ("other", "m9"),
    ]
    assert {each["type"] for each in told} == {"delivered"}


async def test_only_what_other_people_say_is_told() -> None:
    """Neither one's own words from another device nor the assistant's answers."""
    mine, bot = message(1, ME, "user"), message(2, GRACE, "assistant")
    assert await told_of(mine, bot, {**message(3), "type": "reply"}, {"type": "typing"}) == []


async def test_what_was_marked_already_is_not_told() -> None:
    """A read mark of one's own, from here or another device, says that it has arrived."""
    assert await told_of(message(1), mark("read", 1, ME)) == []
    assert await told_of(mark("delivered", 2, ME), message(2), message(1)) == []
    [told] = await told_of(message(2), mark("read", 1, ME), mark("read", 2, GRACE))
    assert told["message_id"] == "m2"


async def test_a_closed_client_tells_nothing() -> None:
    """Nothing is sent by who has gone."""
    told: list[Frame] = []
    deliveries = Deliveries(told.append)
    deliveries.note(message(1))
    deliveries.close()
    await asyncio.sleep(DELIVERY_SECONDS + 0.1)
    assert told == []


async def overheard(stage: Stage, *, tells: bool) -> list[MessagesDelivered]:
    """Return the marks of somebody who is in a conversation in which another says something."""
    async with (
        Chat(by_token(stage.url, stage.token(uuid4()))) as owner,
        Chat(by_token(stage.url, stage.token(UUID(ME))), tells_delivered=tells) as guest,
    ):
        conversation = await owner.start()
        stage.directory.owners[conversation.id] = UUID(ME)
        for connection in tuple(stage.edge.hub._connections):
            if connection.session is not None and str(connection.session.user.id) == ME:
                key = str(conversation.id).encode()
                stage.edge.hub._fanout.join(key, connection, SenderKind.AGENT)
        guest._conversation(conversation.id)
        for number in range(3):
            await conversation.send(f"number {number}")
        await asyncio.sleep(DELIVERY_SECONDS + 0.3)
    return [each for each in stage.publisher.events if isinstance(each, MessagesDelivered)]


async def test_a_client_tells_by_itself() -> None:
    """One mark of the last message by who heard it; none by who said it, or will not tell."""
    async with running(create_stage()) as stage:
        assert await overheard(stage, tells=False) == []
        [told] = await overheard(stage, tells=True)
        said = [each for each in stage.publisher.events if each.event_type.endswith("sent.v1")]
        assert told.sender == Sender(id=UUID(ME), kind=SenderKind.AGENT, name="Ada")
        assert told.up_to == said[-1].occurred_at


def test_a_thread_shows_how_far_it_has_come() -> None:
    """The furthest of marks and read marks, in any order, live as in a history."""
    frames = [mark("delivered", 3, GRACE), mark("read", 2, GRACE), mark("delivered", 1, GRACE)]
    for order in (frames, frames[::-1]):
        thread = Thread()
        for frame in order:
            thread.apply(frame)
        assert (thread.read, thread.delivered) == ({GRACE: "m2"}, {GRACE: "m3"})
    stored = {"user_id": GRACE, "message_id": "m1", "up_to": message(1)["occurred_at"]}
    thread = Thread.of([], [stored])
    assert thread.delivered == {GRACE: "m1"}
    thread = Thread.of([], [], delivered=[stored])
    assert (thread.read, thread.delivered) == ({}, {GRACE: "m1"})
    thread.apply(frames[0])
    assert thread.delivered == {GRACE: "m3"}
