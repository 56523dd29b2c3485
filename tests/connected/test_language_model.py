"""Answers of a language model, from the socket to the history: streamed, stopped, resumed, once."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from parley_client import Chat, by_token
from parley_client.conversation import Conversation, Events
from parley_client.frames import Frame
from tests.connected import ai_bed as bed
from tests.connected.edge_bed import forgetful_edge
from tests.people import TokenMint
from tests.scripted_model import ScriptedEndpoint, scripted_endpoint
from tests.stack import Stack, started

pytestmark = [pytest.mark.connected, pytest.mark.timeout(300)]

QUESTION = "Which carriers deliver your parcels?"
"""The starter knowledge has a snippet about it, and no intent."""
QUICK = "Where is my order 48213?"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[ScriptedEndpoint]:
    """A language model that says what it is told to say."""
    with scripted_endpoint() as running:
        yield running


@pytest.fixture(scope="module")
def writing(endpoint: ScriptedEndpoint) -> Iterator[Stack]:
    """The whole stack, its assistant set to the scripted model."""
    settings = {
        "PARLEY_LANGUAGE_MODEL__KIND": "openai",
        "PARLEY_LANGUAGE_MODEL__NAME": "scripted",
        "PARLEY_LANGUAGE_MODEL__BASE_URL": endpoint.url,
        "PARLEY_LANGUAGE_MODEL__FAILURES": "2",
        "PARLEY_LANGUAGE_MODEL__REST": "PT1S",
    }
    with pytest.MonkeyPatch.context() as environment:
        for name, value in settings.items():
            environment.setenv(name, value)
        with started(infrastructure_only=False) as running:
            yield running


@pytest.fixture(autouse=True)
def script(endpoint: ScriptedEndpoint) -> ScriptedEndpoint:
    """Every test finds a model that works and has something to say."""
    endpoint.words = [f"word{number} " for number in range(40)]
    endpoint.pause, endpoint.broken, endpoint.said = 0.05, False, 0
    return endpoint


@asynccontextmanager
async def talking(stack: Stack, user_id: UUID | None = None) -> AsyncIterator[Chat]:
    """Give a signed-in person."""
    token = TokenMint(stack.folder.root).token(user_id)
    async with Chat(by_token(stack.socket_url, token)) as chat:
        yield chat


async def until_reply(events: Events, question: UUID) -> tuple[list[Frame], Frame]:
    """Return the pieces and the answer to a question."""
    pieces: list[Frame] = []
    async with asyncio.timeout(60):
        async for frame in events:
            if frame.get("in_reply_to") != str(question):
                continue
            if frame["type"] == "reply":
                return pieces, frame
            pieces.append(frame)
    raise AssertionError("the events ended")


def put_together(pieces: list[Frame]) -> str:
    """Return the text of the last attempt; fails on a gap or a repeat."""
    text, attempt = "", 0
    for piece in pieces:
        if piece["attempt"] > attempt:
            text, attempt = "", piece["attempt"]
        if piece["attempt"] == attempt:
            assert piece["offset"] == len(text), "a gap or a repeat"
            text += piece["text"]
    return text


async def some_pieces(events: Events, count: int) -> list[Frame]:
    """Return the next pieces of any answer."""
    pieces: list[Frame] = []
    async with asyncio.timeout(60):
        async for frame in events:
            if frame["type"] == "reply:delta":
                pieces.append(frame)
            if len(pieces) == count:
                break
    return pieces


async def replies_in(stack: Stack, conversation: Conversation, user_id: UUID) -> list[Frame]:
    """Return the answers that the history holds, as soon as it holds any."""
    token = TokenMint(stack.folder.root).token(user_id)
    headers = {"authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=stack.url, headers=headers) as http:
        for _ in range(300):
            answer = await http.get(f"/api/chat/conversations/{conversation.id}/messages")
            items = answer.json().get("items", [])
            if found := [item for item in items if item["type"] == "reply"]:
                return found
            await asyncio.sleep(0.1)
    raise AssertionError("nothing was stored")


async def test_an_answer_streams_while_others_are_answered_at_once(
    writing: Stack, script: ScriptedEndpoint
) -> None:
    """Pieces make the final text without a gap; quick questions do not wait behind it."""
    async with talking(writing) as chat:
        slow, quick = await chat.start(), await chat.start()
        slowly, quickly = slow.events(), quick.events()
        question = (await slow.send(QUESTION)).message_id
        first = await some_pieces(slowly, 1)
        _, answer = await until_reply(quickly, (await quick.send(QUICK)).message_id)
        assert answer["source"] == "template"
        assert script.said < len(script.words), "the slow answer was to be under way still"
        pieces, reply = await until_reply(slowly, question)
    assert reply["source"] == "model"
    assert reply["text"] == script.text.strip()
    assert reply["why"]["snippet_ids"]
    assert reply["model_version"].endswith("+scripted")
    assert reply["text"].startswith(put_together(first + pieces).strip())
    assert script.asked[-1]["messages"][0]["role"] == "system"


async def test_a_stop_ends_the_answer_where_it_is(writing: Stack, script: ScriptedEndpoint) -> None:
    """What was written by then is the answer; another may be asked for, and both are history."""
    user = uuid4()
    async with talking(writing, user) as chat:
        conversation = await chat.start()
        events = conversation.events()
        question = (await conversation.send("Do you carry furniture into the room?")).message_id
        await some_pieces(events, 3)
        await conversation.stop_reply(question)
        _, stopped = await until_reply(events, question)
        assert stopped["stopped"] == "person"
        assert script.text.startswith(stopped["text"])
        assert len(stopped["text"]) < len(script.text.strip())
        script.pause = 0.01
        await conversation.regenerate_reply(question)
        _, again = await until_reply(events, question)
        stored = await replies_in(writing, conversation, user)
    assert again["text"] == script.text.strip()
    assert again["message_id"] != stopped["message_id"]
    assert again["attempt"] > stopped["attempt"]
    assert stored[0]["stopped"] == "person"


async def test_who_comes_back_in_the_middle_gets_the_text_so_far(writing: Stack) -> None:
    """A second device that joins mid-stream sees one text, without a gap or a repeat."""
    user = uuid4()
    async with talking(writing, user) as chat, talking(writing, user) as late:
        conversation = await chat.start()
        events = conversation.events()
        question = (await conversation.send("What happens when nobody is home?")).message_id
        await some_pieces(events, 5)
        seen: list[Frame] = []
        late._on_frame = seen.append
        joined = await late.join(conversation.id)
        _, reply = await until_reply(joined.events(), question)
        pieces = [frame for frame in seen if frame["type"] == "reply:delta"]
    assert pieces[0]["offset"] == 0
    assert len(pieces[0]["text"]) > len("word0 ")
    assert reply["text"].startswith(put_together(pieces).strip())


async def test_cut_in_the_middle_it_goes_on_at_another_edge(
    writing: Stack, script: ScriptedEndpoint, tmp_path: Path
) -> None:
    """Who comes back elsewhere is sent the text so far and the rest of it, and nothing known."""
    script.pause = 0.2
    token = TokenMint(writing.folder.root).token()
    urls, frames = [writing.socket_url], list[Frame]()

    async def nearest() -> tuple[str, Frame]:
        return urls[-1], {"token": token}

    async with (
        forgetful_edge(writing, tmp_path) as other,
        Chat(nearest, on_frame=frames.append) as chat,
    ):
        conversation = await chat.start()
        events = conversation.events()
        question = (await conversation.send("May I choose the hour of delivery?")).message_id
        await some_pieces(events, 5)
        urls.append(other.url)
        assert chat._connection is not None
        chat._connection.transport.abort()
        cut = len(frames)
        _, reply = await until_reply(events, question)
        assert chat.connections == 2
    back = next(at for at in range(cut, len(frames)) if frames[at]["type"] == "ack")
    types = [frame["type"] for frame in frames[back:]]
    assert "caught_up" in types
    assert not {"reset", "message"} & set(types)
    before, after = (
        [frame for frame in heard if frame["type"] == "reply:delta"]
        for heard in (frames[:back], frames[back:])
    )
    assert after[0]["offset"] == 0
    assert after[0]["text"].startswith(put_together(before))
    assert len(after) > 2, "the answer was to be under way still"
    assert reply["text"] == script.text.strip()
    assert reply["text"].startswith(put_together(after).strip())


async def test_killed_in_the_middle_it_starts_again_and_answers_once(
    writing: Stack, script: ScriptedEndpoint
) -> None:
    """Kill -9 of nlp: a higher attempt, and one answer on every device and in the history."""
    user = uuid4()
    async with talking(writing, user) as chat:
        conversation = await chat.start()
        events = conversation.events()
        question = (await conversation.send("Will you take my old mattress away?")).message_id
        before = await some_pieces(events, 3)
        await asyncio.to_thread(writing.kill, "nlp")
        pieces, reply = await until_reply(events, question)
        stored = await replies_in(writing, conversation, user)
    attempts = {piece["attempt"] for piece in pieces}
    assert max(attempts) > before[0]["attempt"]
    assert reply["text"] == script.text.strip()
    assert reply["text"].startswith(put_together(before + pieces).strip())
    assert [item["event_id"] for item in stored] == [reply["event_id"]]


async def test_nothing_is_said_after_a_person_took_over(
    writing: Stack, script: ScriptedEndpoint
) -> None:
    """The answer under way ends without a word; handed back, the next question is answered."""
    user = uuid4()
    async with talking(writing, user) as chat:
        conversation = await chat.start()
        events = conversation.events()
        question = (await conversation.send("Do you carry furniture into the room?")).message_id
        await some_pieces(events, 3)
        await conversation.hand_over("agent")
        ends: list[Frame] = []
        async with asyncio.timeout(60):
            async for frame in events:
                if frame["type"] in {"reply", "reply:failed"}:
                    ends.append(frame)
                    break
        assert (ends[0]["type"], ends[0]["reason"]) == ("reply:failed", "handed_over")
        assert script.said < len(script.words)
        await conversation.hand_over("assistant")
        again = (await conversation.send(QUESTION)).message_id
        _, reply = await until_reply(events, again)
        stored = await replies_in(writing, conversation, user)
    assert reply["source"] == "model"
    assert [item["in_reply_to"] for item in stored] == [str(again)] != [str(question)]


async def test_over_rest_it_answers_and_summarizes(
    writing: Stack, script: ScriptedEndpoint
) -> None:
    """Its words leave while it writes; a summary is in its words, and it knows no names."""
    async with bed.somebody(writing.url) as http:
        await bed.answered(http)
        script.said = 0
        events = [event async for event in _events(http, f"{QUESTION} Over REST.", script)]
        names, data, said = zip(*events, strict=True)
        assert {*names[:-1]} == {"piece"}
        assert said[0] < len(script.words), "the first words were to be told before the last ones"
        answer = data[-1]
        assert "".join(piece["text"] for piece in data[:-1]) == answer["response"]
        assert (answer["response"], answer["source"]) == (script.text.strip(), "model")
        assert answer["why"]["snippet_ids"]
        script.words = ["Person 1 ", "wants ", "a refund."]
        messages = [{"speaker": "Ada", "text": "My lamp is broken. Write to ada@example.org."}]
        summary = await http.post("/api/ai/summarize", json={"messages": messages})
    assert summary.json()["method"] == "abstractive", summary.text
    assert summary.json()["summary"] == "Ada wants a refund."
    told = str(script.asked[-1])
    assert "Ada" not in told
    assert "ada@" not in told


async def _events(
    http: httpx2.AsyncClient, text: str, script: ScriptedEndpoint
) -> AsyncGenerator[tuple[str, dict[str, Any], int]]:
    """Yield each event of an answer, and how many words of it were said by then."""
    headers = {"Accept": "text/event-stream"}
    path, name = "/api/ai/generate-response", ""
    async with http.stream("POST", path, json={"text": text}, headers=headers) as answer:
        assert answer.status_code == httpx2.codes.OK
        async for line in answer.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            if field == "data":
                yield name, orjson.loads(value), script.said


async def test_a_broken_connection_stops_the_model(
    writing: Stack, script: ScriptedEndpoint
) -> None:
    """Over REST, in the middle of a stream: the rest is not written."""
    script.words = [f"word{number} " for number in range(200)]
    async with bed.somebody(writing.url) as http:
        await bed.answered(http)
        script.said = 0
        async with aclosing(_events(http, f"{QUESTION} And goodbye.", script)) as events:
            await anext(events)
    await asyncio.sleep(1)
    said = script.said
    await asyncio.sleep(1)
    assert script.said == said < len(script.words)


async def test_a_broken_model_is_said_and_left_alone(
    writing: Stack, script: ScriptedEndpoint
) -> None:
    """The snippet answers instead and says why; after two failures nobody asks the model."""
    script.broken = True
    reasons = []
    async with talking(writing) as chat:
        for number in range(3):
            conversation = await chat.start()
            events = conversation.events()
            question = (await conversation.send(f"{QUESTION} Number {number}")).message_id
            _, reply = await until_reply(events, question)
            assert reply["source"] == "retrieval"
            reasons.append(reply["why"]["fallback"])
    assert reasons == ["failed", "failed", "circuit_open"]
