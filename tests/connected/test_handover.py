"""Hand-over from end to end: silent until handed back, whatever becomes of the process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

import httpx2
import pytest

from parley_client import Chat, by_token
from parley_client.conversation import Conversation
from parley_client.frames import Frame
from tests.people import TokenMint
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

QUESTION = "Where is my order 48213?"
WISH = "I want to talk to a person"


@dataclass
class Person:
    """Somebody in one conversation, everything they heard, and their way by REST."""

    conversation: Conversation
    http: httpx2.AsyncClient
    heard: list[Frame] = field(default_factory=list)

    async def outcome(self, text: str) -> str:
        """Say something; return what became of it: `reply`, or the reason why there is none."""
        question = (await self.conversation.send(text)).message_id
        return await self.outcome_of(question)

    async def outcome_of(self, question: UUID) -> str:
        """Return what became of a question, as soon as that is heard."""
        async with asyncio.timeout(90):
            while not (found := self.about(question)):
                await asyncio.sleep(0.05)
        return found[0]

    def about(self, question: UUID) -> list[str]:
        """Return everything heard so far of what became of a question, repeats left out.

        After a kill the same event may well come again, under the same id.
        """
        return list(
            {
                frame.get("event_id"): str(frame.get("reason", frame["type"]))
                for frame in self.heard
                if frame["type"] in {"reply", "reply:failed", "answer:overdue"}
                and frame["in_reply_to"] == str(question)
            }.values()
        )

    async def told(self) -> Frame:
        """Return the latest hand-over that was heard."""
        async with asyncio.timeout(60):
            while not (found := [each for each in self.heard if each["type"] == "handover"]):
                await asyncio.sleep(0.05)
        return found[-1]

    async def shown(self, handler: str) -> tuple[Frame, Frame]:
        """Return the conversation and its history, as soon as they say who handles it."""
        path = f"/api/chat/conversations/{self.conversation.id}"
        async with asyncio.timeout(60):
            while True:
                answer = await self.http.get(path)
                if answer.json().get("handled_by") == handler:
                    return answer.json(), (await self.http.get(f"{path}/messages")).json()
                await asyncio.sleep(0.1)


@asynccontextmanager
async def somebody(stack: Stack) -> AsyncIterator[Person]:
    """Give a signed-in person in a conversation of theirs."""
    token = TokenMint(stack.folder.root).token(uuid4())
    heard: list[Frame] = []
    headers = {"authorization": f"Bearer {token}"}
    async with (
        Chat(by_token(stack.socket_url, token), on_frame=heard.append) as chat,
        httpx2.AsyncClient(base_url=stack.url, headers=headers) as http,
    ):
        yield Person(await chat.start(), http, heard)


async def killed(stack: Stack) -> None:
    """Kill -9 the assistant, and wait until there is another."""
    before = stack.restarts("nlp")
    await asyncio.to_thread(stack.kill, "nlp")
    await asyncio.to_thread(stack.wait_restarted, "nlp", before)


async def test_silent_from_the_button_on_until_handed_back(stack: Stack) -> None:
    """Over a kill -9 in between; everybody sees who answers, and nothing is called a failure."""
    async with somebody(stack) as person:
        assert await person.outcome(QUESTION) == "reply"
        await person.conversation.hand_over("agent", "the lid is broken")
        assert await person.outcome(QUESTION) == "handed_over"
        told = await person.told()
        assert (told["to"], told["note"]) == ("agent", "the lid is broken")
        await killed(stack)
        assert await person.outcome(QUESTION) == "handed_over"
        one, page = await person.shown("agent")
        assert one["handled_since"] == told["occurred_at"] == page["handover"]["occurred_at"]
        assert page["handover"]["note"] == "the lid is broken"
        await person.conversation.hand_over("assistant")
        assert await person.outcome(QUESTION) == "reply"
        await person.shown("assistant")
    replies = {each["event_id"] for each in person.heard if each["type"] == "reply"}
    assert len(replies) == 2


async def test_who_asks_for_a_person_is_the_persons(stack: Stack) -> None:
    """The answer says so, the log tells every device, a kill -9 changes nothing."""
    async with somebody(stack) as person:
        wish = (await person.conversation.send(WISH)).message_id
        at_once = (await person.conversation.send(QUESTION)).message_id
        assert await person.outcome_of(wish) == "reply"
        assert await person.outcome_of(at_once) == "handed_over"
        told = await person.told()
        assert (told["to"], told["in_reply_to"]) == ("agent", str(wish))
        assert told["sender"]["kind"] == "assistant"
        await killed(stack)
        assert await person.outcome(QUESTION) == "handed_over"
        await person.shown("agent")
        path = f"/api/chat/conversations/{person.conversation.id}/handover"
        answer = await person.http.put(path, json={"to": "assistant"})
        assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
        assert await person.outcome(QUESTION) == "reply"
        assert person.about(wish) == ["reply"]
        assert person.about(at_once) == ["handed_over"]
