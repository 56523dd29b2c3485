"""Agents on the edge: what they hear of all conversations, and what they do in one of them."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from edge_ws.access import Access
from edge_ws.framing import event_payload
from edge_ws.memory import InMemoryDirectory
from edge_ws.ports import Grant
from schemas.events.chat import (
    AgentJoined,
    ConversationHandedOver,
    Handler,
    MessageEdited,
    MessageSent,
    MessagesRead,
    ReactionSet,
    ReplyRegenerateAsked,
    Sender,
    SenderKind,
)
from schemas.events.control import UserDisabled
from schemas.ids import joining_event_id
from tests.unit.edge_ws.stage import Client, Frame, Stage, join, until


async def signed_in(stage: Stage, role: str, user_id: UUID | None = None) -> Client:
    """Open a socket of somebody with this role."""
    client = await Client.raw(stage, user_id)
    await client.say(type="connect", token=stage.token(client.user_id, role=role))
    assert (await client.hear())["type"] == "connected"
    return client


def came(conversation: UUID, agent: UUID) -> AgentJoined:
    name = joining_event_id(AgentJoined.event_type, agent, conversation)
    return AgentJoined(
        event_id=name,
        occurred_at=datetime.now(UTC),
        correlation_id=name,
        conversation_id=conversation,
        sender=Sender(id=agent, kind=SenderKind.AGENT, name="Grace"),
    )


def called(conversation: UUID, owner: UUID) -> ConversationHandedOver:
    name = uuid4()
    return ConversationHandedOver(
        event_id=name,
        occurred_at=datetime.now(UTC),
        correlation_id=name,
        conversation_id=conversation,
        sender=Sender(id=owner, kind=SenderKind.USER, name="Ada"),
        to=Handler.AGENT,
        note="broken lid",
    )


async def let_in(stage: Stage, conversation: UUID, owner: UUID, agent: UUID) -> None:
    """Make the gateway, and the log, know of an agent who came in."""
    stage.directory.owners[conversation] = owner
    stage.directory.agents[conversation] = (agent,)
    await stage.publisher.publish(came(conversation, agent))


async def change(client: Client, kind: str, conversation: UUID, **fields: object) -> Frame:
    await client.say(**{"type": kind, "ref": kind, "conversation_id": str(conversation), **fields})
    while (ack := await client.hear_type("ack"))["ref"] != kind:
        pass
    return ack


@pytest.mark.parametrize("role", ["agent", "admin"])
async def test_the_desk_hears_of_every_hand_over(stage: Stage, role: str) -> None:
    """Who may answer is told of hand-overs and joins anywhere, once; others are told nothing."""
    desk, owner = await signed_in(stage, role), await Client.open(stage)
    plain = [await signed_in(stage, other) for other in ("user", "analyst")]
    conversation = await owner.start()
    await stage.publisher.publish(called(conversation, owner.user_id))
    heard = await desk.hear()
    assert (heard["type"], heard["to"], heard["note"]) == ("handover", "agent", "broken lid")
    assert "at" not in heard
    await let_in(stage, conversation, owner.user_id, desk.user_id)
    told = [await desk.hear(), await owner.hear_type("conversation:joined")]
    assert ["at" in frame for frame in told] == [False, True]
    for frame in told:
        assert frame["type"] == "conversation:joined"
        assert frame["conversation_id"] == str(conversation)
        assert frame["sender"] == {"id": str(desk.user_id), "kind": "agent", "name": "Grace"}
    await join(desk, conversation)
    await stage.publisher.publish(called(conversation, owner.user_id))
    assert "at" in await desk.hear_type("handover")
    for client in (*plain, desk):
        await client.say(type="ping", ref="p")
        assert (await client.hear())["type"] == "pong"


async def test_a_closed_desk_is_told_nothing(stage: Stage) -> None:
    """An agent's socket that has gone is forgotten."""
    desk, _ = await signed_in(stage, "agent"), await Client.open(stage)
    await desk.connection.close()
    await until(lambda: len(stage.edge.hub) == 1)
    key = str(uuid4()).encode()
    payload = event_payload("handover", "m3:1", b'{"a":1}')
    assert stage.edge.tail._fanout.deliver(key, payload, desk=True) == 0


async def test_an_agent_takes_part_like_anybody(stage: Stage) -> None:
    """They write, edit, react, mark read, type and are here, as an agent, and the owner hears."""
    owner, agent = await Client.open(stage), await signed_in(stage, "agent")
    conversation = await owner.start()
    await let_in(stage, conversation, owner.user_id, agent.user_id)
    await join(agent, conversation)

    await agent.send(conversation, "How can I help?", ref="say")
    ack = await agent.hear_type("ack")
    message = ack["message_id"]
    said = await owner.hear_type("message")
    assert (said["sender"]["kind"], said["sender"]["id"]) == ("agent", str(agent.user_id))
    about = {"message_id": message}
    for kind, fields in (
        ("message:edit", {"text": "How may I help?"}),
        ("reaction", {"emoji": "👍", "active": True}),
        ("read", {}),
    ):
        assert (await change(agent, kind, conversation, **about, **fields))["status"] == "accepted"
        frame_type = {"message:edit": "message:edited"}.get(kind, kind)
        assert (await owner.hear_type(frame_type))["sender"]["kind"] == "agent"
    kinds = (MessageSent, MessageEdited, ReactionSet, MessagesRead)
    events = [each for each in stage.publisher.events if isinstance(each, kinds)]
    assert {each.sender.kind for each in events} == {SenderKind.AGENT}
    assert [each.answer_by for each in events if isinstance(each, MessageSent)] == [None]

    await agent.say(type="typing", conversation_id=str(conversation), active=True)
    assert (await owner.hear_type("typing"))["user_id"] == str(agent.user_id)
    for watcher, watched in ((owner, agent), (agent, owner)):
        await watcher.say(type="presence:watch", user_ids=[str(watched.user_id)])
        assert (await watcher.hear_type("presence"))["state"] == "online"
    handed = await change(agent, "handover", conversation, to="assistant")
    assert handed["status"] == "accepted"
    assert (await owner.hear_type("handover"))["sender"]["kind"] == "agent"


async def test_an_agent_asks_the_assistant_nothing(stage: Stage) -> None:
    """Another answer is for whose conversation it is to ask for."""
    owner, agent = await Client.open(stage), await signed_in(stage, "agent")
    conversation = await owner.start()
    await let_in(stage, conversation, owner.user_id, agent.user_id)
    await join(agent, conversation)
    await owner.send(conversation, "where is my order?")
    message = (await agent.hear_type("message"))["message_id"]
    refused = await change(agent, "reply:regenerate", conversation, message_id=message)
    assert (refused["status"], refused["code"]) == ("rejected", "not_allowed")
    asked = await change(owner, "reply:regenerate", conversation, message_id=message)
    assert asked["status"] == "accepted"
    events = [each for each in stage.publisher.events if isinstance(each, ReplyRegenerateAsked)]
    assert [each.sender.kind for each in events] == [SenderKind.USER]


async def test_a_refused_agent_enters_when_the_log_says_so(stage: Stage) -> None:
    """What was refused a moment ago is asked again once the join is on the log."""
    owner, agent = await Client.open(stage), await signed_in(stage, "agent")
    conversation = await owner.start()
    stage.directory.owners[conversation] = owner.user_id
    refused = await change(agent, "conversation:join", conversation)
    assert (refused["status"], refused["code"]) == ("rejected", "not_found")
    asked = stage.directory.asked
    assert (await change(agent, "conversation:join", conversation))["code"] == "not_found"
    assert stage.directory.asked == asked
    await let_in(stage, conversation, owner.user_id, agent.user_id)
    assert (await agent.hear_type("conversation:joined"))["conversation_id"] == str(conversation)
    await join(agent, conversation)


async def test_who_came_long_ago_is_watched(forgetful: Stage) -> None:
    """The gateway tells an edge that has forgotten; others are still passed over."""
    agent, owner = await signed_in(forgetful, "agent"), await Client.open(forgetful)
    conversation = uuid4()
    forgetful.directory.owners[conversation] = owner.user_id
    forgetful.directory.agents[conversation] = (agent.user_id,)
    await join(owner, conversation)
    stranger = await Client.open(forgetful)
    await owner.say(type="presence:watch", user_ids=[str(stranger.user_id), str(agent.user_id)])
    seen = await owner.hear_type("presence")
    assert (seen["user_id"], seen["state"]) == (str(agent.user_id), "online")


class SlowDirectory(InMemoryDirectory):
    """A directory whose answer is on its way until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.answers = asyncio.Event()
        self.kind: SenderKind | None = SenderKind.AGENT

    async def look_up(self, conversation_id: UUID, user_id: UUID) -> Grant | None:
        """Say what was so when it was asked."""
        self.asked += 1
        kind = self.kind
        await self.answers.wait()
        return Grant(conversation_id, kind)


async def test_what_was_known_of_a_user_goes_with_their_access(stage: Stage) -> None:
    """A control event drops what was found out, so that the next question is asked anew."""
    agent, key = uuid4(), str(uuid4()).encode()
    known: Access = stage.edge.tail._access
    conversation = UUID(key.decode())
    stage.directory.owners[conversation] = uuid4()
    stage.directory.agents[conversation] = (agent,)
    for _ in range(2):
        assert await known.kind_of(key, agent) is SenderKind.AGENT
    assert stage.directory.asked == 1
    stage.directory.agents.clear()
    name = uuid4()
    event = UserDisabled(
        event_id=name, occurred_at=datetime.now(UTC), correlation_id=name, user_id=agent
    )
    await stage.publisher.publish(event)
    await until(lambda: (key, agent) not in known._grants)
    assert await known.kind_of(key, agent) is None


async def test_an_answer_from_before_is_not_remembered() -> None:
    """What was asked before an access ended answers who asked, and nobody after."""
    directory = SlowDirectory()
    known, key, agent = Access(directory), str(uuid4()).encode(), uuid4()
    first = asyncio.create_task(known.kind_of(key, agent))
    await until(lambda: directory.asked == 1)
    known.forget(user_id=agent)
    directory.kind = None
    directory.answers.set()
    assert await first is SenderKind.AGENT
    assert await known.kind_of(key, agent) is None
    assert directory.asked == 2
