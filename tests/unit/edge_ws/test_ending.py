"""Conversations that are renamed, ended and deleted: who hears of it, and what is refused then."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from edge_ws import lives as module
from edge_ws.access import Access
from edge_ws.backlog import log_of
from edge_ws.lives import Lives
from edge_ws.memory import InMemoryDirectory
from edge_ws.redaction import redact_all
from edge_ws.ring import Kept
from schemas import ids
from schemas.events.chat import Sender, SenderKind
from schemas.events.conversations import (
    ConversationChange,
    ConversationDeleted,
    ConversationEnded,
    ConversationRenamed,
)
from schemas.frames.server import SERVER_FRAME
from schemas.topics import Topic
from tests.unit.edge_ws.stage import (
    NO_RING,
    Client,
    Frame,
    Stage,
    create_stage,
    join,
    running,
    until,
)
from tests.unit.edge_ws.test_changing import said
from tests.unit.edge_ws.test_drafts import answer, piece

SAYING: dict[str, dict[str, Any]] = {
    "message": {"client_message_id": str(uuid4()), "text": "one more thing"},
    "message:edit": {"text": "other words"},
    "reaction": {"emoji": "👍", "active": True},
    "handover": {"to": "agent"},
    "reply:regenerate": {},
}
STILL_FINE: dict[str, dict[str, Any]] = {
    "message:delete": {},
    "read": {},
    "reply:stop": {},
    "feedback": {"rating": "up"},
}


def change(
    kind: type[ConversationChange], conversation: UUID, owner: UUID, **fields: object
) -> ConversationChange:
    """Return what the gateway publishes of its owner's wish."""
    event_id = ids.event_id(kind.event_type, conversation)
    return kind.model_validate(
        {
            "event_id": event_id,
            "occurred_at": datetime.now(UTC),
            "correlation_id": event_id,
            "conversation_id": conversation,
            "sender": Sender(id=owner, kind=SenderKind.USER, name="Ada"),
            **fields,
        }
    )


async def ended(stage: Stage, client: Client, conversation: UUID) -> None:
    """End a conversation, and return when its owner has heard of it."""
    await stage.publisher.publish(change(ConversationEnded, conversation, client.user_id))
    await client.hear_type("conversation:ended")


async def deleted(stage: Stage, client: Client, conversation: UUID) -> None:
    """Delete a conversation, and return when its owner has heard of it."""
    await stage.publisher.publish(change(ConversationDeleted, conversation, client.user_id))
    await client.hear_type("conversation:deleted")


async def ask(client: Client, frame_type: str, conversation: UUID, **fields: object) -> Frame:
    """Send a frame about a conversation and return what is answered."""
    about = {"type": frame_type, "ref": "r", "conversation_id": str(conversation)}
    await client.say(**{**about, **fields})
    while (frame := await client.hear()).get("ref") != "r":
        pass
    return frame


async def refused(client: Client, conversation: UUID) -> Frame:
    """Join in vain, and return the answer."""
    return await ask(client, "conversation:join", conversation)


@pytest.mark.parametrize(
    ("kind", "fields", "pushed"),
    [
        (ConversationRenamed, {"title": "The lid"}, "conversation:renamed"),
        (ConversationEnded, {}, "conversation:ended"),
        (ConversationDeleted, {}, "conversation:deleted"),
    ],
)
async def test_who_is_in_it_and_every_socket_of_the_owner_hear_of_it(
    stage: Stage, kind: type[ConversationChange], fields: dict[str, str], pushed: str
) -> None:
    """The frame is the event's own body; strangers hear nothing."""
    owner, stranger = await Client.open(stage), await Client.open(stage)
    elsewhere, guest = await Client.open(stage, owner.user_id), await Client.open(stage)
    conversation = await owner.start()
    for connection in stage.edge.hub._connections:
        if connection.session is not None and connection.session.user.id == guest.user_id:
            key = str(conversation).encode()
            stage.edge.hub._fanout.join(key, connection, SenderKind.AGENT)
    event = change(kind, conversation, owner.user_id, **fields)
    await stage.publisher.publish(event)
    for client in (owner, elsewhere, guest):
        frame = SERVER_FRAME.validate_python(await client.hear_type(pushed))
        assert frame.model_dump(exclude={"type", "at", "replayed"}) == event.model_dump()
    await stranger.say(type="ping", ref="p")
    assert (await stranger.hear())["type"] == "pong"


@pytest.mark.parametrize("frame_type", SAYING)
async def test_nothing_more_is_said_after_the_end(stage: Stage, frame_type: str) -> None:
    """Refused on every socket, the one that was in it and one that comes later."""
    client = await Client.open(stage)
    conversation, message = await said(client)
    await ended(stage, client, conversation)
    before = len(stage.publisher.events)
    later = await Client.open(stage, client.user_id)
    replayed = await join(later, conversation)
    assert [each["type"] for each in replayed][-2:] == ["conversation:ended", "caught_up"]
    about = SAYING[frame_type]
    if frame_type not in {"message", "handover"}:
        about = about | {"message_id": str(message)}
    for each in (client, later):
        answer_to_it = await ask(each, frame_type, conversation, **about)
        assert (answer_to_it["status"], answer_to_it["code"]) == ("rejected", "conversation_ended")
    assert len(stage.publisher.events) == before


@pytest.mark.parametrize("frame_type", STILL_FINE)
async def test_what_says_nothing_goes_on_after_the_end(stage: Stage, frame_type: str) -> None:
    """One's words can be taken back, answers rated and stopped, and everything read."""
    client = await Client.open(stage)
    conversation, message = await said(client)
    reply = answer(conversation, message)
    await stage.publisher.publish(reply)
    await client.hear_type("reply")
    await ended(stage, client, conversation)
    about = reply.message_id if frame_type == "feedback" else message
    done = await ask(
        client, frame_type, conversation, message_id=str(about), **STILL_FINE[frame_type]
    )
    assert done["status"] == "accepted"


async def test_who_types_after_the_end_is_told(stage: Stage) -> None:
    """`typing` is not acknowledged, so it is an `error`, and the others hear nothing."""
    client = await Client.open(stage)
    conversation = await client.start()
    await ended(stage, client, conversation)
    told = await ask(client, "typing", conversation, active=True)
    assert (told["type"], told["code"]) == ("error", "conversation_ended")
    await client.say(type="typing", conversation_id=str(conversation), active=True)
    assert (await client.hear_type("error"))["code"] == "conversation_ended"


async def test_an_edge_that_never_heard_of_the_end_asks(stage: Stage) -> None:
    """It started afterwards: the gateway says so with whether one may come in."""
    client, conversation = await Client.open(stage), uuid4()
    stage.directory.owners[conversation] = client.user_id
    stage.directory.ended.add(conversation)
    await join(client, conversation)
    answer_to_it = await ask(client, "message", conversation, **SAYING["message"])
    assert answer_to_it["code"] == "conversation_ended"
    # From now on without asking: the owner is known.
    again = await Client.open(stage, client.user_id)
    await join(again, conversation)
    assert stage.directory.asked == 1
    assert (await ask(again, "handover", conversation, to="agent"))["code"] == "conversation_ended"


async def test_a_rename_alone_lets_nobody_in_unasked(stage: Stage) -> None:
    """It may have ended before this edge began: only its start says all that came after."""
    client, conversation = await Client.open(stage), uuid4()
    stage.directory.owners[conversation] = client.user_id
    stage.directory.ended.add(conversation)
    renamed = change(ConversationRenamed, conversation, client.user_id, title="The lid")
    await stage.publisher.publish(renamed)
    await client.hear_type("conversation:renamed")
    await join(client, conversation)
    answer_to_it = await ask(client, "message", conversation, **SAYING["message"])
    assert answer_to_it["code"] == "conversation_ended"


@pytest.mark.parametrize("frame_type", ["conversation:join", *SAYING, *STILL_FINE])
async def test_a_deleted_conversation_is_not_found(stage: Stage, frame_type: str) -> None:
    """By its owner, on the socket that was in it and on others; nothing is published."""
    client = await Client.open(stage)
    conversation, message = await said(client)
    await deleted(stage, client, conversation)
    before = len(stage.publisher.events)
    other = await Client.open(stage, client.user_id)
    about = {**SAYING, **STILL_FINE}.get(frame_type, {})
    if frame_type not in {"message", "handover", "conversation:join"}:
        about = about | {"message_id": str(message)}
    for each in (client, other):
        answer_to_it = await ask(each, frame_type, conversation, **about)
        assert (answer_to_it["status"], answer_to_it["code"]) == ("rejected", "not_found")
    assert len(stage.publisher.events) == before
    left = await ask(client, "conversation:leave", conversation)
    assert left["status"] == "accepted"


async def test_a_stranger_is_not_told_that_it_was_there(stage: Stage) -> None:
    """Another's deleted conversation is answered as one that never was."""
    owner, eve = await Client.open(stage), await Client.open(stage)
    conversation, _ = await said(owner)
    await deleted(stage, owner, conversation)
    for frame_type, about in (("message", SAYING["message"]), ("conversation:join", {})):
        answers = [await ask(eve, frame_type, each, **about) for each in (conversation, uuid4())]
        assert answers[0] == answers[1]


async def test_who_was_in_it_hears_no_more_of_it(stage: Stage) -> None:
    """What arrives behind the deletion is pushed to nobody and kept nowhere, drafts included."""
    client = await Client.open(stage)
    conversation, message = await said(client)
    key = str(conversation).encode()
    await stage.publisher.publish(piece(conversation, message, 0, "One "))
    await client.hear_type("reply:delta")
    await deleted(stage, client, conversation)
    await stage.publisher.publish(piece(conversation, message, 4, "two"))
    await stage.publisher.publish(answer(conversation, message))
    ring = stage.edge.backlog.ring(log_of(Topic.CHAT_REPLIES, key))
    await until(lambda: ring.end == 1)
    await client.say(type="ping", ref="p")
    assert (await client.hear())["type"] == "pong"
    [kept] = stage.edge.backlog.newest(key)
    assert kept.payload.startswith(b'{"type":"conversation:deleted"')
    assert stage.edge.backlog.drafts.of(key) == []
    assert all(not connection.joined for connection in stage.edge.hub._connections)


async def test_a_start_that_comes_again_brings_nothing_back(stage: Stage) -> None:
    """Neither the frame, nor the record repeated behind the deletion."""
    client = await Client.open(stage)
    name = str(uuid4())
    start = {"type": "conversation:start", "ref": "s", "client_conversation_id": name}
    await client.say(**start)
    conversation = UUID((await client.hear_type("ack"))["conversation_id"])
    await client.hear_type("conversation:started")
    [started] = stage.publisher.events
    await deleted(stage, client, conversation)
    await stage.publisher.publish(started)
    ring = stage.edge.backlog.ring(log_of(Topic.CHAT_MESSAGES, str(conversation).encode()))
    await until(lambda: ring.end == 3)
    assert (await refused(client, conversation))["code"] == "not_found"
    await client.say(**start)
    answer_to_it = await client.hear_type("ack")
    assert (answer_to_it["status"], answer_to_it["code"]) == ("rejected", "not_found")


async def test_what_the_log_says_is_believed_before_the_gateway(forgetful: Stage) -> None:
    """An edge whose gateway still knows the conversation reads its deletion with what was missed.

    Nothing of what was read with it is sent.
    """
    first = await Client.open(forgetful)
    conversation, _ = await said(first)
    await deleted(forgetful, first, conversation)
    async with running(create_stage(publisher=forgetful.publisher, ring=NO_RING)) as fresh:
        fresh.directory.owners[conversation] = first.user_id
        client = await Client.open(fresh, first.user_id)
        log = log_of(Topic.CHAT_MESSAGES, str(conversation).encode())
        position = f"m{log.partition}:0"
        about = {"type": "conversation:join", "ref": "j", "conversation_id": str(conversation)}
        await client.say(**about, positions=[position])
        answer_to_it = await client.hear()
        assert (answer_to_it["status"], answer_to_it["code"]) == ("rejected", "not_found")
        await client.say(type="ping", ref="p")
        assert (await client.hear())["type"] == "pong"


async def test_an_end_that_is_read_again_counts(forgetful: Stage) -> None:
    """The gateway lags behind; the log has said it to who came back."""
    first = await Client.open(forgetful)
    conversation, _ = await said(first)
    await ended(forgetful, first, conversation)
    async with running(create_stage(publisher=forgetful.publisher, ring=NO_RING)) as fresh:
        fresh.directory.owners[conversation] = first.user_id
        client = await Client.open(fresh, first.user_id)
        log = log_of(Topic.CHAT_MESSAGES, str(conversation).encode())
        heard = await join(client, conversation, positions=[f"m{log.partition}:0"])
        assert "conversation:ended" in [each["type"] for each in heard]
        answer_to_it = await ask(client, "message", conversation, **SAYING["message"])
        assert answer_to_it["code"] == "conversation_ended"


async def test_a_deletion_in_the_middle_of_a_replay_ends_it(forgetful: Stage) -> None:
    """Who waits for what was missed is refused, and is in nothing afterwards."""
    owner = await Client.open(forgetful)
    conversation, _ = await said(owner)
    later = await Client.open(forgetful, owner.user_id)
    forgetful.past.open.clear()
    log = log_of(Topic.CHAT_MESSAGES, str(conversation).encode())
    about = {"type": "conversation:join", "ref": "j", "conversation_id": str(conversation)}
    await later.say(**about, positions=[f"m{log.partition}:0"])
    await until(lambda: forgetful.past.reads > 0)
    await deleted(forgetful, owner, conversation)
    forgetful.past.open.set()
    answer_to_it = await later.hear_type("ack")
    assert (answer_to_it["status"], answer_to_it["code"]) == ("rejected", "not_found")
    assert all(not connection.joined for connection in forgetful.edge.hub._connections)


async def test_a_broken_deletion_deletes_nothing(stage: Stage) -> None:
    """A record without a sender that is one is passed over, and the edge goes on."""
    client = await Client.open(stage)
    conversation, _ = await said(client)
    event = change(ConversationDeleted, conversation, client.user_id)
    await stage.publisher.publish(event)
    [*_, (place, records)] = stage.publisher.logs.items()
    broken = records[-1].value.replace(str(client.user_id).encode(), b"nobody")
    records[-1] = replace(records[-1], value=broken)
    ring = stage.edge.backlog.ring(log_of(place[0], str(conversation).encode()))
    await until(lambda: ring.end == len(records))
    assert (await ask(client, "message", conversation, **SAYING["message"]))["status"] == "accepted"


async def test_what_is_gone_is_nobodys() -> None:
    """Whatever is learned of it afterwards, and without asking the gateway, which may lag."""
    conversation, owner = uuid4(), uuid4()
    key = str(conversation).encode()
    directory = InMemoryDirectory(owners={conversation: owner})
    access = Access(directory)
    access.delete(key, owner)
    access.learn(key, owner)
    assert not access.owns(key, owner)
    assert await access.kind_of(key, owner) is None
    assert directory.asked == 0


async def test_what_is_deleted_while_it_is_asked_about_is_not_let_in() -> None:
    """The gateway's answer is older than what the log says meanwhile."""
    conversation, owner = uuid4(), uuid4()
    key = str(conversation).encode()
    access = Access(InMemoryDirectory(owners={conversation: owner}))
    asking = asyncio.create_task(access.kind_of(key, owner))
    await asyncio.sleep(0)
    access.delete(key, owner)
    assert await asking is None
    assert not access.owns(key, owner)


async def test_after_a_hole_in_the_log_everything_is_asked_again() -> None:
    """An end may have stood in it."""
    conversation, owner = uuid4(), uuid4()
    key = str(conversation).encode()
    directory = InMemoryDirectory(owners={conversation: owner}, ended={conversation})
    access = Access(directory)
    access.learn(key, owner)
    access.forget_all()
    assert not access.owns(key, owner)
    assert await access.kind_of(key, owner) is SenderKind.USER
    assert access.lives.ended(key)


@pytest.mark.parametrize("among", ["older", "newer"])
def test_nothing_is_left_of_what_was_deleted_as_a_whole(among: str) -> None:
    """Wherever the deletion stands, in what is read again or in the ring."""
    key = b"key"
    words = [Kept(n, key, b'{"type":"message","text":"secret"}', 0.0) for n in range(2)]
    gone = Kept(2, key, b'{"type":"conversation:deleted"}', 0.0)
    older, newer = ([*words, gone], []) if among == "older" else (words, [gone])
    assert redact_all(older, newer) == []


def test_of_too_many_ends_the_oldest_is_asked_for_again() -> None:
    """What is forgotten is named, so that nobody is let in as if it went on."""
    lives = Lives()
    keys = [str(number).encode() for number in range(module.MAX_LIVES + 1)]
    assert [forgotten for key in keys if (forgotten := lives.end(key))] == [keys[0]]
    assert (lives.ended(keys[0]), lives.ended(keys[1])) == (False, True)
