"""Conversations and messages: what is published, what is answered, and who gets it."""

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from edge_ws.publishing import MAX_IN_FLIGHT
from producers.memory import InMemoryEventPublisher
from producers.ports import Published, PublishStatus
from producers.records import to_record
from runtime.settings import ANSWER_WITHIN
from schemas import headers as names
from schemas import ids
from schemas.events.chat import ConversationStarted, MessageSent, SenderKind
from schemas.events.envelope import Event
from schemas.frames.server import MessageFrame
from schemas.text import format_instant
from tests.unit.edge_ws.stage import Client, Stage

if TYPE_CHECKING:
    from uuid import UUID


async def test_a_message_is_published_and_accepted(stage: Stage) -> None:
    """`accepted` names the message, whose id follows from sender, conversation and client id."""
    client = await Client.open(stage)
    conversation = await client.start()
    client_id = uuid4()
    await client.send(conversation, "hello", client_message_id=str(client_id), ref="r1")
    ack = await client.hear_type("ack")
    message_id = ids.message_id(client.user_id, conversation, client_id)
    assert ack == {
        "type": "ack",
        "ref": "r1",
        "status": "accepted",
        "message_id": str(message_id),
    }
    event = stage.publisher.events[-1]
    assert isinstance(event, MessageSent)
    assert (event.message_id, event.text) == (message_id, "hello")
    assert (event.sender.id, event.sender.kind, event.sender.name) == (
        client.user_id,
        SenderKind.USER,
        "Ada",
    )
    assert event.answer_by == event.occurred_at + ANSWER_WITHIN
    headers = dict(to_record(event, b"/test").headers)
    assert headers[names.DEADLINE] == format_instant(event.answer_by).encode()


async def test_the_sender_comes_from_the_session(stage: Stage) -> None:
    """A frame cannot speak for somebody else."""
    client = await Client.open(stage)
    conversation = await client.start()
    await client.send(
        conversation, "hi", sender={"id": str(uuid4()), "kind": "assistant", "name": "Boss"}
    )
    await client.hear_type("ack")
    event = stage.publisher.events[-1]
    assert isinstance(event, MessageSent)
    assert event.sender.id == client.user_id


async def test_an_attachment_that_is_not_there_is_refused(stage: Stage) -> None:
    """Nothing reaches the log that names what nobody can open; without it the message is taken."""
    client = await Client.open(stage)
    conversation = await client.start()
    await client.send(conversation, "see this", attachments=[{"id": str(uuid4())}])
    ack = await client.hear_type("ack")
    assert (ack["status"], ack["code"]) == ("rejected", "attachment_missing")
    assert not any(isinstance(event, MessageSent) for event in stage.publisher.events)
    await client.send(conversation, "see this", attachments=[])
    assert (await client.hear_type("ack"))["status"] == "accepted"


async def test_everyone_in_the_conversation_gets_the_event_itself(stage: Stage) -> None:
    """The frame is the event's body behind `type` and `at`, on every device that joined."""
    user_id = uuid4()
    first, second = await Client.open(stage, user_id), await Client.open(stage, user_id)
    conversation = await first.start()
    await second.say(type="conversation:join", ref="j", conversation_id=str(conversation))
    await second.hear_type("caught_up")
    await first.send(conversation, "¡hola! 👋")
    for client in (first, second):
        frame = await client.hear_type("message")
        pushed = MessageFrame.model_validate(frame)
        event = stage.publisher.events[-1]
        assert isinstance(event, MessageSent)
        assert (
            pushed.model_dump(exclude={"type", "at", "replayed", "deleted"}) == event.model_dump()
        )
        assert pushed.at.startswith("m")


async def test_others_hear_nothing(stage: Stage) -> None:
    """A conversation's events reach those who joined it, and nobody else."""
    talker, other = await Client.open(stage), await Client.open(stage)
    conversation = await talker.start()
    await other.start()
    await talker.send(conversation, "private")
    await talker.hear_type("message")
    await other.say(type="ping", ref="p")
    heard = []
    while (frame := await other.hear())["type"] != "pong":
        heard.append(frame)
    assert all(frame.get("conversation_id") != str(conversation) for frame in heard)


async def test_who_leaves_hears_no_more(stage: Stage) -> None:
    """`conversation:leave` ends delivery, and talking too."""
    user_id = uuid4()
    talker, leaver = await Client.open(stage, user_id), await Client.open(stage, user_id)
    conversation = await talker.start()
    await leaver.hear_type("conversation:started")
    await leaver.say(type="conversation:join", ref="j", conversation_id=str(conversation))
    await leaver.hear_type("caught_up")
    await leaver.say(type="conversation:leave", ref="l", conversation_id=str(conversation))
    assert (await leaver.hear_type("ack"))["ref"] == "l"
    await talker.send(conversation, "still there?")
    await talker.hear_type("message")
    await leaver.say(type="ping", ref="p")
    assert (await leaver.hear())["type"] == "pong"
    await leaver.send(conversation, "hm")
    assert (await leaver.hear_type("ack"))["code"] == "not_joined"


async def test_starting_twice_is_one_conversation(stage: Stage) -> None:
    """The same client id gives the same conversation, published once, joined both times."""
    client = await Client.open(stage)
    start = {"type": "conversation:start", "ref": "s", "client_conversation_id": str(uuid4())}
    await client.say(**start, title=" Order 48213 ")
    first = await client.hear_type("ack")
    await client.say(**start)
    second = await client.hear_type("ack")
    await client.hear_type("caught_up")
    assert first["conversation_id"] == second["conversation_id"]
    [event] = stage.publisher.events
    assert isinstance(event, ConversationStarted)
    assert (event.owner_id, event.title) == (client.user_id, "Order 48213")


async def test_a_foreign_conversation_looks_missing(stage: Stage) -> None:
    """Joining what is somebody else's and what is not there is answered alike."""
    owner, stranger = await Client.open(stage), await Client.open(stage)
    conversation = await owner.start()
    answers = []
    for wanted in (conversation, uuid4()):
        await stranger.say(type="conversation:join", ref="j", conversation_id=str(wanted))
        answers.append(await stranger.hear())
        await stranger.send(wanted, "let me in", ref="j")
        assert (await stranger.hear())["code"] == "not_joined"
    assert answers[0] == answers[1]
    assert answers[0]["code"] == "not_found"
    assert len(stage.publisher.events) == 1
    assert await stranger.lives()


async def test_an_old_conversation_is_asked_of_the_gateway(stage: Stage) -> None:
    """What the log has not told is looked up once."""
    client = await Client.open(stage)
    conversation = uuid4()
    stage.directory.owners[conversation] = client.user_id
    for _ in range(3):
        await client.say(type="conversation:join", ref="j", conversation_id=str(conversation))
        assert (await client.hear_type("ack"))["status"] == "accepted"
    assert stage.directory.asked == 1


async def test_an_unreachable_gateway_lets_nobody_in(stage: Stage) -> None:
    """Access that cannot be checked is not given; the client may ask again."""
    client = await Client.open(stage)
    conversation = uuid4()
    stage.directory.owners[conversation] = client.user_id
    stage.directory.away = True
    await client.say(type="conversation:join", ref="j", conversation_id=str(conversation))
    ack = await client.hear()
    assert (ack["status"], ack["retry_after_ms"]) == ("busy", 1000)
    await client.send(conversation, "hello?")
    assert (await client.hear())["code"] == "not_joined"
    stage.directory.away = False
    await client.say(type="conversation:join", ref="j", conversation_id=str(conversation))
    assert (await client.hear())["status"] == "accepted"


async def test_frames_behind_a_waiting_join_keep_their_place(stage: Stage) -> None:
    """A message may be sent right behind the join that it needs."""
    client = await Client.open(stage)
    conversation = uuid4()
    stage.directory.owners[conversation] = client.user_id
    await client.say(type="conversation:join", ref="j", conversation_id=str(conversation))
    for number in range(5):
        await client.send(conversation, f"{number}", ref=f"m{number}")
    acks = [(await client.hear_type("ack"))["ref"] for _ in range(6)]
    assert acks == ["j", "m0", "m1", "m2", "m3", "m4"]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (PublishStatus.UNKNOWN, {"status": "unknown"}),
        (PublishStatus.BUSY, {"status": "busy", "retry_after_ms": 500}),
        (PublishStatus.FAILED, {"status": "rejected", "code": "too_long"}),
    ],
)
async def test_accepted_is_never_said_too_early(
    stage: Stage, status: PublishStatus, told: dict[str, object]
) -> None:
    """What the log did not take is answered as it is."""
    client = await Client.open(stage)
    conversation = await client.start()
    stage.publisher.status = status
    await client.send(conversation, "hello")
    ack = await client.hear_type("ack")
    assert told.items() <= ack.items()
    assert await client.lives()


class SlowPublisher(InMemoryEventPublisher):
    """Keeps events at once, as a broker, and tells about it only when let."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def publish(self, event: Event) -> Published:
        """Keep the event and wait at the gate."""
        published = await super().publish(event)
        await self.gate.wait()
        return published


async def test_order_is_kept_without_waiting_for_acks(stage: Stage) -> None:
    """Consecutive messages of a socket land in order, though none has been answered yet."""
    slow = SlowPublisher()
    client = await Client.open(stage)
    conversation = await client.start()
    stage.edge.publishing._publisher = slow
    for number in range(MAX_IN_FLIGHT + 3):
        await client.send(conversation, f"{number}", ref=f"{number}")
    busy = [await client.hear_type("ack") for _ in range(3)]
    assert [ack["status"] for ack in busy] == ["busy"] * 3
    assert [ack["ref"] for ack in busy] == ["64", "65", "66"]
    assert [event.text for event in slow.events if isinstance(event, MessageSent)] == [
        f"{number}" for number in range(MAX_IN_FLIGHT)
    ]
    assert await client.lives()
    slow.gate.set()
    acks = [await client.hear_type("ack") for _ in range(MAX_IN_FLIGHT)]
    assert {ack["status"] for ack in acks} == {"accepted"}


async def test_many_senders_each_keep_their_order(stage: Stage) -> None:
    """Several sockets talking at once in one conversation each keep their own order."""
    user_id = uuid4()
    clients = [await Client.open(stage, user_id) for _ in range(4)]
    conversation = await clients[0].start()
    for client in clients[1:]:
        await client.say(type="conversation:join", ref="j", conversation_id=str(conversation))
        await client.hear_type("caught_up")

    async def talk(number: int, client: Client) -> None:
        for count in range(25):
            await client.send(conversation, f"{number}:{count}")

    await asyncio.gather(*(talk(number, client) for number, client in enumerate(clients)))
    heard = [(await clients[0].hear_type("message"))["text"] for _ in range(100)]
    for number in range(4):
        mine = [text for text in heard if text.startswith(f"{number}:")]
        assert mine == [f"{number}:{count}" for count in range(25)]


async def test_stamps_follow_what_was_read(stage: Stage) -> None:
    """A message never sorts before one that its edge has already seen."""
    client = await Client.open(stage)
    conversation: UUID = await client.start()
    for _ in range(10):
        await client.send(conversation, "again")
    times = [(await client.hear_type("message"))["occurred_at"] for _ in range(10)]
    assert times == sorted(set(times))
