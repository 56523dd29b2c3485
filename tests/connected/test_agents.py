"""Agents from end to end: called, seen on the desk, come in, talked to, gone again."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import pytest

from cli.admin import change_role
from cli.database import database
from parley_client import Chat, ParleyClient, RejectedError, RestError, by_token
from parley_client.conversation import Conversation
from parley_client.frames import Frame
from schemas.frames.codes import CloseCode
from tests.devices import PASSWORD, Device, People
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

Whisper = Coroutine[object, object, None]
QUESTION = "Where is my order 48213?"


@dataclass
class Person:
    """Somebody signed in, their socket, and everything they heard."""

    id: UUID
    email: str
    client: ParleyClient
    chat: Chat
    heard: list[Frame] = field(default_factory=list)

    async def hears(self, frame_type: str, **fields: object) -> Frame:
        """Return the first frame of this kind with these fields, as soon as it is there."""
        async with asyncio.timeout(60):
            while True:
                for frame in self.heard:
                    if frame["type"] == frame_type and fields.items() <= frame.items():
                        return frame
                await asyncio.sleep(0.05)


@asynccontextmanager
async def signed_in(stack: Stack, device: Device) -> AsyncIterator[Person]:
    """Give somebody who has logged in anew, with what their account says today."""
    heard: list[Frame] = []
    async with AsyncExitStack() as closing:
        client = await closing.enter_async_context(ParleyClient(stack.url))
        signed = await client.login(device.email, PASSWORD)
        chat = Chat(by_token(stack.socket_url, signed.token), on_frame=heard.append)
        await closing.enter_async_context(chat)
        yield Person(signed.user.id, device.email, client, chat, heard)


@pytest.fixture
async def two(stack: Stack) -> AsyncIterator[tuple[Person, Person]]:
    """A user and an agent, both signed in."""
    people = People(stack)
    [[ada], [grace]] = [await people.person(1) for _ in range(2)]
    await people.promote(grace, "agent")
    async with signed_in(stack, ada) as user, signed_in(stack, grace) as agent:
        yield user, agent
    await people.leave()


async def soon(ask: Callable[[], Coroutine[object, object, Frame | None]]) -> Frame:
    """Return what is found, as soon as it is."""
    async with asyncio.timeout(60):
        while (found := await ask()) is None:
            await asyncio.sleep(0.1)
    return found


async def on_desk(agent: Person, conversation: UUID) -> Frame | None:
    """Return the desk's line of a conversation, if there is one."""
    page = await agent.client.handovers(limit=100)
    return next((each for each in page.items if each["id"] == str(conversation)), None)


async def whispered(
    listener: Person, frame_type: str, about: Person, say: Callable[[], Whisper]
) -> Frame:
    """Say what may be lost until it is heard; return what is heard of this person."""

    async def ask() -> Frame | None:
        await say()
        heard = (each for each in listener.heard if each["type"] == frame_type)
        return next((each for each in heard if each["user_id"] == str(about.id)), None)

    return await soon(ask)


async def called(ada: Person, grace: Person) -> Conversation:
    """Let somebody ask, be answered, and call a person; before that no agent comes in."""
    talk = await ada.chat.start()
    question = (await talk.send(QUESTION)).message_id
    await ada.hears("reply", in_reply_to=str(question))
    with pytest.raises(RestError) as refused:
        await grace.client.join_as_agent(talk.id)
    assert refused.value.status == 404
    await talk.hand_over("agent", "the lid is broken")
    return talk


async def entered(ada: Person, grace: Person, talk: Conversation) -> Conversation:
    """Let an agent see it on the desk and come in; before that there is nothing to see."""
    told = await grace.hears("handover", conversation_id=str(talk.id))
    assert (told["note"], "at" in told) == ("the lid is broken", False)
    waiting = await soon(lambda: on_desk(grace, talk.id))
    assert (waiting["owner"]["id"], waiting["note"]) == (str(ada.id), "the lid is broken")
    assert (waiting["first_message_preview"], waiting["agents"]) == (QUESTION, [])
    with pytest.raises(RejectedError):
        await grace.chat.join(talk.id)
    with pytest.raises(RestError):
        await grace.client.history(talk.id)
    await grace.client.join_as_agent(talk.id)
    desk = await grace.chat.join(talk.id)
    came = await ada.hears("conversation:joined")
    assert came["sender"]["id"] == str(grace.id)
    return desk


async def see_each_other(
    ada: Person, grace: Person, talk: Conversation, desk: Conversation
) -> UUID:
    """Let both talk, read, type and be here; return what the agent said."""
    said = (await desk.send("I send you another.")).message_id
    assert (await ada.hears("message", message_id=str(said)))["sender"]["kind"] == "agent"
    thanks = (await talk.send("Thank you!")).message_id
    await grace.hears("message", message_id=str(thanks))
    await ada.hears("reply:failed", in_reply_to=str(thanks))
    await talk.mark_read(said)
    await desk.mark_read(thanks)
    await grace.hears("read", message_id=str(said))
    await ada.hears("read", message_id=str(thanks))
    assert (await whispered(grace, "typing", ada, talk.typing))["active"]
    assert (await whispered(ada, "typing", grace, desk.typing))["active"]
    for one, other in ((ada, grace), (grace, ada)):
        watch = partial(one.chat.watch, [other.id])
        assert (await whispered(one, "presence", other, watch))["state"] == "online"
    return said


async def test_an_agent_takes_over_and_hands_back(two: tuple[Person, Person]) -> None:
    """Nobody is there unseen: called, joined, heard by both, handed back, answered again."""
    ada, grace = two
    talk = await called(ada, grace)
    desk = await entered(ada, grace, talk)
    said = await see_each_other(ada, grace, talk, desk)

    await desk.hand_over("assistant")
    await ada.hears("handover", to="assistant")
    still = (await desk.send("Anything else?")).message_id
    again = (await talk.send(QUESTION)).message_id
    await ada.hears("reply", in_reply_to=str(again))
    answered = {each["in_reply_to"] for each in ada.heard if each["type"].startswith("reply")}
    assert answered & {str(said), str(still)} == set()

    async def gone() -> Frame | None:
        return {} if await on_desk(grace, talk.id) is None else None

    async def kept() -> Frame | None:
        page = await grace.client.history(talk.id)
        assert [agent["id"] for agent in page.agents] == [str(grace.id)]
        marks = {str(mark["user_id"]): mark for mark in page.read}
        return marks if marks.keys() == {str(ada.id), str(grace.id)} else None

    await soon(gone)
    await soon(kept)


async def recorded(stack: Stack, person: Person) -> Frame | None:
    """Return what the audit knows of somebody's roles, when that is two things."""
    async with database(stack.database_url()) as connection:
        rows = await connection.fetch(
            "select action, old ->> 'role' as before, new ->> 'role' as after from admin_logs"
            " where target_id = $1 and action like 'user.role%'",
            person.id,
        )
    found = {row["action"]: (row["before"], row["after"]) for row in rows}
    return found if len(found) == 2 else None


async def test_who_is_no_agent_any_more_is_sent_away(
    stack: Stack, two: tuple[Person, Person]
) -> None:
    """Taking the role back closes sockets and refuses tokens; a new login opens nothing of it."""
    ada, grace = two
    talk = await ada.chat.start()
    await talk.hand_over("agent")
    await soon(lambda: on_desk(grace, talk.id))
    await grace.client.join_as_agent(talk.id)
    desk = await grace.chat.join(talk.id)
    assert await change_role(stack.database_url(), grace.email, "user")
    ended = desk.events()
    async with asyncio.timeout(30):
        async for _ in ended:
            pass
    assert grace.chat._ended is not None
    assert grace.chat._ended.code == CloseCode.ACCESS_REVOKED
    await grace.client.login(grace.email, PASSWORD)
    with pytest.raises(RestError) as hidden:
        await grace.client.history(talk.id)
    assert hidden.value.status == 404
    with pytest.raises(RestError) as refused:
        await grace.client.handovers()
    assert (refused.value.status, refused.value.code) == (403, "not_allowed")
    assert await soon(lambda: recorded(stack, grace)) == {
        "user.role_granted": ("user", "agent"),
        "user.role_revoked": ("agent", "user"),
    }
