"""Edits, deletions, reactions and read marks: by whom, about what, and who hears of it."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from edge_ws.backlog import log_of
from edge_ws.ports import KnownMessage, Log
from producers.memory import InMemoryEventPublisher
from producers.records import Record
from schemas import ids
from schemas.events.chat import (
    ConversationHandedOver,
    MessageDeleted,
    MessageEdited,
    MessageEvent,
    MessagesDelivered,
    MessageSent,
    MessagesRead,
    ReactionSet,
    SenderKind,
)
from schemas.frames.server import SERVER_FRAME
from schemas.positions import Position
from schemas.topics import Topic
from tests.unit.edge_ws.stage import Client, Frame, Stage, create_stage, join, running, until

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
COMMANDS: dict[str, dict[str, Any]] = {
    "message:edit": {"text": "better words"},
    "message:delete": {},
    "reaction": {"emoji": "👍", "active": True},
    "read": {},
    "delivered": {},
}

NAMED_BY_MESSAGE = {"message:delete", "read", "delivered"}


async def said(client: Client) -> tuple[UUID, UUID]:
    """Start a conversation, say something in it, and return both ids."""
    conversation = await client.start()
    await client.send(conversation, "first words")
    message = await client.hear_type("message")
    return conversation, UUID(message["message_id"])


async def change(
    client: Client, frame_type: str, conversation: UUID, message: UUID, **fields: object
) -> Frame:
    """Send a change and return its `ack`."""
    await client.say(
        **{
            "type": frame_type,
            "ref": "c",
            "conversation_id": str(conversation),
            "message_id": str(message),
            **COMMANDS[frame_type],
            **fields,
        }
    )
    return await client.hear_type("ack")


def changes(stage: Stage) -> list[MessageEvent]:
    """Return what was published about messages."""
    return [event for event in stage.publisher.events if isinstance(event, MessageEvent)]


@pytest.mark.parametrize(
    ("frame_type", "pushed", "event_type"),
    [
        ("message:edit", "message:edited", MessageEdited),
        ("message:delete", "message:deleted", MessageDeleted),
        ("reaction", "reaction", ReactionSet),
        ("read", "read", MessagesRead),
        ("delivered", "delivered", MessagesDelivered),
    ],
)
async def test_everyone_in_the_conversation_hears_of_a_change(
    stage: Stage, frame_type: str, pushed: str, event_type: type[MessageEvent]
) -> None:
    """A change is published once and pushed as the event's own body; strangers hear nothing."""
    user_id = uuid4()
    first, second = await Client.open(stage, user_id), await Client.open(stage, user_id)
    stranger = await Client.open(stage)
    conversation, message = await said(first)
    await second.say(type="conversation:join", ref="j", conversation_id=str(conversation))
    await second.hear_type("caught_up")
    ack = await change(first, frame_type, conversation, message)
    assert (ack["status"], ack["message_id"]) == ("accepted", str(message))
    [event] = changes(stage)
    assert type(event) is event_type
    assert event.sender.id == user_id
    for client in (first, second):
        frame = SERVER_FRAME.validate_python(await client.hear_type(pushed))
        assert frame.model_dump(exclude={"type", "at", "replayed"}) == event.model_dump()
    await stranger.say(type="ping", ref="p")
    assert (await stranger.hear())["type"] == "pong"


@pytest.mark.parametrize("frame_type", COMMANDS)
async def test_a_change_is_replayed_to_who_comes_back(stage: Stage, frame_type: str) -> None:
    """The ring gives changes back as it gives messages."""
    client = await Client.open(stage)
    conversation, message = await said(client)
    await change(client, frame_type, conversation, message)
    live = await client.hear()
    again = await Client.open(stage, client.user_id)
    await again.say(type="conversation:join", ref="j", conversation_id=str(conversation))
    replayed = await again.hear_type(live["type"])
    assert replayed == {**live, "replayed": True}


@pytest.mark.parametrize("frame_type", ["message:edit", "message:delete"])
async def test_only_the_author_may_edit_and_delete(stage: Stage, frame_type: str) -> None:
    """What others wish of a message never reaches the log, lately said or long ago."""
    client = await Client.open(stage)
    conversation, _ = await said(client)
    answer, old = uuid4(), uuid4()
    stage.directory.messages[conversation, answer] = KnownMessage(ids.ASSISTANT_ID, NOON)
    stage.directory.messages[conversation, old] = KnownMessage(client.user_id, NOON)
    refused = await change(client, frame_type, conversation, answer)
    assert (refused["status"], refused["code"]) == ("rejected", "not_allowed")
    assert changes(stage) == []
    assert (await change(client, frame_type, conversation, old))["status"] == "accepted"


async def test_who_else_is_in_the_conversation_may_not_edit_either(stage: Stage) -> None:
    """Being let in is not being the author."""
    owner, guest = await Client.open(stage), await Client.open(stage)
    conversation, message = await said(owner)
    for connection in stage.edge.hub._connections:
        stage.edge.hub._fanout.join(str(conversation).encode(), connection, SenderKind.AGENT)
    refused = await change(guest, "message:edit", conversation, message)
    assert refused["code"] == "not_allowed"
    assert (await change(guest, "reaction", conversation, message))["status"] == "accepted"


@pytest.mark.parametrize("frame_type", COMMANDS)
async def test_what_is_not_there_cannot_be_changed(stage: Stage, frame_type: str) -> None:
    """An unknown message, and one of another conversation, are answered alike."""
    client = await Client.open(stage)
    conversation, _ = await said(client)
    _, elsewhere = await said(client)
    for message in (uuid4(), elsewhere):
        ack = await change(client, frame_type, conversation, message)
        assert (ack["status"], ack["code"]) == ("rejected", "not_found")
    assert changes(stage) == []
    assert await client.lives()


@pytest.mark.parametrize("frame_type", COMMANDS)
async def test_an_unreachable_gateway_changes_nothing(stage: Stage, frame_type: str) -> None:
    """Whose a message is cannot be found out now: the client repeats it."""
    client = await Client.open(stage)
    conversation, _ = await said(client)
    stage.directory.away = True
    assert (await change(client, frame_type, conversation, uuid4()))["status"] == "busy"
    assert changes(stage) == []


async def entered(stage: Stage, conversation: UUID) -> Client:
    """Enter a conversation that the gateway knows."""
    client = await Client.open(stage)
    stage.directory.owners[conversation] = client.user_id
    await join(client, conversation)
    return client


@pytest.mark.parametrize("frame_type", COMMANDS)
async def test_a_young_edge_does_not_deny_what_is_not_stored_yet(frame_type: str) -> None:
    """What was said before it began may still be on its way into the history."""
    conversation, message = uuid4(), uuid4()
    log = log_of(Topic.CHAT_MESSAGES, str(conversation).encode())
    async with running(create_stage(publisher=after(2, log))) as stage:
        client = await entered(stage, conversation)
        for stored in ((), (Position(*log, 0),)):
            stage.directory.stored = stored
            assert (await change(client, frame_type, conversation, message))["status"] == "busy"
        assert changes(stage) == []
        stage.directory.stored = (Position(*log, 1),)
        ack = await change(client, frame_type, conversation, message)
        assert (ack["status"], ack["code"]) == ("rejected", "not_found")
        stage.directory.messages[conversation, message] = KnownMessage(client.user_id, NOON)
        stage.directory.stored = ()
        ack = await change(client, frame_type, conversation, message)
        assert ack["status"] == "accepted"


async def test_an_edge_that_is_behind_does_not_deny_what_it_has_not_read(stage: Stage) -> None:
    """Until it has read what was on the log when it last connected, it says that it is busy."""
    conversation = uuid4()
    client = await entered(stage, conversation)
    log = log_of(Topic.CHAT_MESSAGES, str(conversation).encode())
    stage.records.silent = True
    stage.publisher.logs.setdefault(log, []).append(unread(log))
    stage.records.failure = OSError("the broker was away")
    await until(lambda: stage.records.ends[log] == 1)
    assert (await change(client, "reaction", conversation, uuid4()))["status"] == "busy"
    stage.records.silent = False
    await until(lambda: stage.edge.backlog.ends[log] == 1)
    assert (await change(client, "reaction", conversation, uuid4()))["code"] == "not_found"


def unread(log: Log) -> Record:
    """Return a record that says nothing to anybody."""
    return Record(log.topic, b"someone else's", b"{}", ())


def after(records: int, log: Log) -> InMemoryEventPublisher:
    """Return a log on which so much has been written."""
    publisher = InMemoryEventPublisher()
    publisher.logs[log] = [unread(log)] * records
    return publisher


@pytest.mark.parametrize("frame_type", COMMANDS)
async def test_a_repeat_is_the_same_event(stage: Stage, frame_type: str) -> None:
    """Sent again under the same names, also over another connection, it is one event."""
    client = await Client.open(stage)
    conversation, message = await said(client)
    other = await Client.open(stage, client.user_id)
    await other.say(type="conversation:join", ref="j", conversation_id=str(conversation))
    await other.hear_type("caught_up")
    name = {} if frame_type in NAMED_BY_MESSAGE else {"client_event_id": str(uuid4())}
    for each in (client, client, other):
        assert (await change(each, frame_type, conversation, message, **name))[
            "status"
        ] == "accepted"
    assert len({event.event_id for event in changes(stage)}) == 1


async def test_without_a_client_id_the_ref_names_it(stage: Stage) -> None:
    """A plain repeat on one connection is one event; another `ref` is another one."""
    client = await Client.open(stage)
    conversation, message = await said(client)
    for ref in ("a", "a", "b"):
        await change(client, "reaction", conversation, message, ref=ref)
    assert len({event.event_id for event in changes(stage)}) == 2


@pytest.mark.parametrize("frame_type", ["message:edit", "reaction"])
async def test_what_was_deleted_is_left_alone(stage: Stage, frame_type: str) -> None:
    """After a deletion nothing is edited or reacted to; deleting again does no harm."""
    client = await Client.open(stage)
    conversation, message = await said(client)
    await change(client, "message:delete", conversation, message)
    await client.hear_type("message:deleted")
    assert (await change(client, frame_type, conversation, message))["code"] == "not_found"
    assert (await change(client, "message:delete", conversation, message))["status"] == "accepted"


async def test_what_was_deleted_is_not_replayed(stage: Stage) -> None:
    """Who joins later is told that there was a message, in no wording; others keep theirs."""
    client = await Client.open(stage)
    conversation, message = await said(client)
    await client.send(conversation, "other words")
    await change(client, "message:edit", conversation, message, text="better words")
    await change(client, "reaction", conversation, message)
    await change(client, "message:delete", conversation, message)
    await client.hear_type("message:deleted")
    again = await Client.open(stage, client.user_id)
    await again.say(type="conversation:join", ref="j", conversation_id=str(conversation))
    replayed = [await again.hear()]
    while replayed[-1]["type"] != "caught_up":
        replayed.append(await again.hear())
    kinds = [frame["type"] for frame in replayed[2:-1]]
    assert kinds == ["message", "message", "reaction", "message:deleted"]
    [gone] = [frame for frame in replayed if frame.get("deleted")]
    assert (gone["message_id"], gone["text"]) == (str(message), None)
    assert "better words" not in str(replayed)
    assert "other words" in str(replayed)


async def test_a_message_can_be_edited_at_once(stage: Stage) -> None:
    """Right behind its `accepted` a message may not have come back from the log yet."""
    client = await Client.open(stage)
    conversation = await client.start()
    await client.send(conversation, "oops")
    message = UUID((await client.hear_type("ack"))["message_id"])
    assert (await change(client, "message:edit", conversation, message))["status"] == "accepted"
    [first] = [event for event in stage.publisher.events if isinstance(event, MessageSent)]
    assert changes(stage)[0].occurred_at > first.occurred_at


async def test_a_read_mark_says_when_its_message_was(stage: Stage) -> None:
    """`up_to` orders marks without the message at hand."""
    client = await Client.open(stage)
    conversation, message = await said(client)
    await change(client, "read", conversation, message)
    [sent] = [event for event in stage.publisher.events if isinstance(event, MessageSent)]
    [mark] = changes(stage)
    assert isinstance(mark, MessagesRead)
    assert mark.up_to == sent.occurred_at


async def test_a_delivery_mark_needs_no_answer(stage: Stage) -> None:
    """Without a `ref` it is heard by the others and acknowledged to nobody; errors are told."""
    client = await Client.open(stage)
    conversation, message = await said(client)
    about = {"type": "delivered", "conversation_id": str(conversation)}
    await client.say(**about, message_id=str(message))
    mark = await client.hear()
    assert (mark["type"], mark["message_id"]) == ("delivered", str(message))
    [sent] = [event for event in stage.publisher.events if isinstance(event, MessageSent)]
    [event] = changes(stage)
    assert isinstance(event, MessagesDelivered)
    assert event.up_to == sent.occurred_at
    await client.say(**about, message_id=str(uuid4()))
    await client.say(**{**about, "conversation_id": str(uuid4())}, message_id=str(message))
    refused = [await client.hear(), await client.hear()]
    assert {frame["type"] for frame in refused} == {"error"}
    assert {frame["code"] for frame in refused} == {"not_found", "not_joined"}
    stage.directory.away = True
    await client.say(**about, message_id=str(uuid4()))
    assert await client.lives()
    assert len(changes(stage)) == 1


async def hand_over(client: Client, conversation: UUID, **fields: object) -> Frame:
    """Hand over to a person, and return the `ack`."""
    about = {"conversation_id": str(conversation), "to": "agent"}
    await client.say(**{"type": "handover", "ref": "h", **about, **fields})
    return await client.hear_type("ack")


async def test_everyone_in_the_conversation_hears_of_a_hand_over(stage: Stage) -> None:
    """One event, stamped with who is signed in; repeated under one name it is the same."""
    user_id, name = uuid4(), str(uuid4())
    first, second = await Client.open(stage, user_id), await Client.open(stage, user_id)
    conversation = await first.start()
    await second.say(type="conversation:join", ref="j", conversation_id=str(conversation))
    await second.hear_type("caught_up")
    forged = {"id": str(uuid4()), "kind": "agent", "name": "Boss"}
    ack = await hand_over(first, conversation, note="lid", client_event_id=name, sender=forged)
    assert (ack["status"], ack["conversation_id"]) == ("accepted", str(conversation))
    event = stage.publisher.events[-1]
    assert isinstance(event, ConversationHandedOver)
    assert (event.to, event.note, event.sender.id) == ("agent", "lid", user_id)
    assert event.sender.kind is SenderKind.USER
    for client in (first, second):
        frame = SERVER_FRAME.validate_python(await client.hear_type("handover"))
        left_out = {"type", "at", "replayed", "in_reply_to"}
        assert frame.model_dump(exclude=left_out) == event.model_dump()
    await hand_over(second, conversation, note="lid", client_event_id=name)
    assert stage.publisher.events[-1].event_id == event.event_id


async def test_only_who_is_in_a_conversation_hands_it_over(stage: Stage) -> None:
    """Another's conversation and none at all are refused alike, and nothing is published."""
    owner, stranger = await Client.open(stage), await Client.open(stage)
    conversation = await owner.start()
    before = len(stage.publisher.events)
    for about in (conversation, uuid4()):
        refused = await hand_over(stranger, about)
        assert (refused["status"], refused["code"]) == ("rejected", "not_joined")
    assert len(stage.publisher.events) == before
