"""The client keeps its promises over cuts, refusals and histories that are gone."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import httpx2
import pytest

from edge_ws.settings import ResumeSettings, RingSettings
from parley_client import Chat, ParleyClient, RejectedError, SocketClosedError, by_token
from parley_client.conversation import Events
from producers.ports import PublishStatus
from schemas.events.chat import MessageSent
from schemas.frames.codes import CloseCode
from tests.unit.edge_ws.stage import Stage, create_stage, running, until

if TYPE_CHECKING:
    from parley_client.frames import Frame


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """An edge with everything around it in memory."""
    async with running(create_stage()) as ready:
        yield ready


def chat_of(stage: Stage, user_id: UUID, rest: ParleyClient | None = None) -> Chat:
    """Return a client that is not connected yet."""
    return Chat(by_token(stage.url, stage.token(user_id)), rest=rest)


def cut(stage: Stage) -> None:
    """Cut every socket without a word."""
    for connection in tuple(stage.edge.hub._connections):
        connection.wire.transport.abort()  # type: ignore[attr-defined]


def texts(stage: Stage) -> list[str]:
    """Return what was said, each message once, in the log's order."""
    said = {e.event_id: e.text for e in stage.publisher.events if isinstance(e, MessageSent)}
    return list(said.values())


async def test_talking_and_hearing(stage: Stage) -> None:
    """What is sent is accepted and heard by everyone who listens."""
    async with chat_of(stage, uuid4()) as chat:
        conversation = await chat.start(title="Order 48213")
        events = conversation.events()
        accepted = await conversation.send("where is it?")
        heard = await anext(events)
        while heard["type"] != "message":
            heard = await anext(events)
        assert heard["message_id"] == str(accepted.message_id)
        assert heard["client_message_id"] == str(accepted.client_message_id)


async def test_a_cut_loses_and_doubles_nothing(stage: Stage) -> None:
    """Sockets cut at random: every message is accepted once and heard once."""
    user_id = uuid4()
    async with chat_of(stage, user_id) as talker, chat_of(stage, user_id) as hearer:
        conversation = await talker.start()
        listening = (await hearer.join(conversation.id)).events()
        for number in range(20):
            if number % 7 == 3:
                cut(stage)
            await conversation.send(f"{number}")
        heard: list[Frame] = []
        while len(heard) < 20:
            frame = await anext(listening)
            if frame["type"] == "message":
                heard.append(frame)
        assert talker.connections >= 3
    assert texts(stage) == [f"{number}" for number in range(20)]
    assert sorted(int(frame["text"]) for frame in heard) == list(range(20))


@pytest.mark.parametrize("status", [PublishStatus.UNKNOWN, PublishStatus.BUSY])
async def test_it_repeats_until_accepted(stage: Stage, status: PublishStatus) -> None:
    """`unknown` and `busy` are repeated under the same client id."""
    async with chat_of(stage, uuid4()) as chat:
        conversation = await chat.start()
        stage.publisher.status = status
        sending = asyncio.create_task(conversation.send("now?"))
        await asyncio.sleep(0.1)
        assert not sending.done()
        stage.publisher.status = PublishStatus.ACCEPTED
        await sending
    assert texts(stage) == ["now?"]


@pytest.mark.parametrize(("text", "code"), [("", "empty"), ("x" * 20_000, "too_long")])
async def test_a_rejection_is_final(stage: Stage, text: str, code: str) -> None:
    """What can never be accepted raises at once."""
    async with chat_of(stage, uuid4()) as chat:
        conversation = await chat.start()
        with pytest.raises(RejectedError) as rejected:
            await conversation.send(text)
    assert rejected.value.code == code


async def test_a_frame_over_the_limit_never_leaves(stage: Stage) -> None:
    """What would close the socket is rejected here."""
    async with chat_of(stage, uuid4()) as chat:
        conversation = await chat.start()
        with pytest.raises(RejectedError) as rejected:
            await conversation.send("x" * 70_000)
        assert chat.connections == 1
    assert rejected.value.code == "too_long"


async def test_a_foreign_conversation_is_rejected(stage: Stage) -> None:
    """Joining somebody else's conversation raises."""
    async with chat_of(stage, uuid4()) as owner, chat_of(stage, uuid4()) as stranger:
        conversation = await owner.start()
        with pytest.raises(RejectedError) as rejected:
            await stranger.join(conversation.id)
    assert rejected.value.code == "not_found"


async def test_a_wrong_token_ends_it(stage: Stage) -> None:
    """A code that says stop is not answered with another try."""
    with pytest.raises(SocketClosedError) as closed:
        await Chat(by_token(stage.url, "nonsense")).__aenter__()
    assert closed.value.code == CloseCode.NOT_SIGNED_IN


async def test_closing_ends_listeners_and_senders(stage: Stage) -> None:
    """Nobody waits for a connection that is gone for good."""
    chat = chat_of(stage, uuid4())
    await chat.__aenter__()
    conversation = await chat.start()
    events = conversation.events()
    stage.publisher.status = PublishStatus.UNKNOWN
    sending = asyncio.create_task(conversation.send("never"))
    await asyncio.sleep(0.05)
    await chat.close()
    with pytest.raises(SocketClosedError):
        await sending
    assert [frame["type"] async for frame in events if frame["type"] == "message"] == []


PAGE = 2
NO_RING = RingSettings(total_bytes=1)


def history_of(stage: Stage, away: int = 0) -> ParleyClient:
    """Return a gateway that serves pages of two, after it was away for some requests."""
    refused = itertools.count()

    async def history(request: httpx2.Request) -> httpx2.Response:
        if next(refused) < away:
            return httpx2.Response(503, json={"code": "unavailable"})
        said = {e.event_id: e for e in stage.publisher.events if isinstance(e, MessageSent)}
        items = [event.model_dump(mode="json") for event in said.values()]
        end = int(request.url.params.get("before", len(items)))
        start = max(0, end - PAGE)
        earlier = str(start) if start else None
        return httpx2.Response(200, json={"items": items[start:end], "next": earlier})

    return ParleyClient("http://gateway", transport=httpx2.MockTransport(history))


def cut_off(stage: Stage, chat: Chat) -> None:
    """Cut this client's socket without a word."""
    assert chat._connection is not None
    port = chat._connection.local_address[1]
    for connection in tuple(stage.edge.hub._connections):
        if connection.wire.client[1] == port:  # type: ignore[attr-defined]
            connection.wire.transport.abort()  # type: ignore[attr-defined]


@pytest.mark.parametrize("away", [0, 2])
async def test_what_the_edge_forgot_comes_from_the_history(away: int) -> None:
    """After `reset` the history fills the hole, however many pages and tries that takes.

    What was heard live since then must not pass for the end of the hole.
    """
    user_id = uuid4()
    nothing_again = ResumeSettings(records=0)
    async with running(create_stage(ring=NO_RING, resume=nothing_again)) as stage:
        rest = history_of(stage, away)
        async with (
            rest,
            chat_of(stage, user_id) as talker,
            chat_of(stage, user_id, rest) as hearer,
        ):
            conversation = await talker.start()
            listening = (await hearer.join(conversation.id)).events()
            await conversation.send("first")
            while (await anext(listening))["type"] != "message":
                pass
            cut_off(stage, hearer)
            await until(lambda: len(stage.edge.hub) == 1)
            for number in range(6):
                await conversation.send(f"{number}")
            await until(lambda: hearer.connections == 2)
            await conversation.send("live")
            heard: list[str] = []
            while len(heard) < 7:
                frame = await anext(listening)
                if frame["type"] == "message":
                    heard.append(frame["text"])
            assert sorted(heard) == ["0", "1", "2", "3", "4", "5", "live"]


async def test_nothing_is_missing_between_a_page_and_the_socket(stage: Stage) -> None:
    """Who joins with a page's positions hears what the page does not hold, and nothing else."""
    user_id = uuid4()
    async with chat_of(stage, user_id) as talker, chat_of(stage, user_id) as reader:
        conversation = await talker.start()
        events = conversation.events()
        for number in range(4):
            await conversation.send(f"{number}")
        said = [frame async for frame in first(events, 4)]
        joined = reader._conversation(conversation.id)
        heard = joined.events()
        await reader.join(conversation.id, positions=[said[1]["at"]])
        await conversation.send("4")
        assert [frame["text"] async for frame in first(heard, 3)] == ["2", "3", "4"]


async def test_a_history_that_lags_is_waited_for() -> None:
    """While the gateway is further behind than the edge replays, it is asked again."""
    user_id = uuid4()
    some = ResumeSettings(records=3)
    async with running(create_stage(ring=NO_RING, resume=some)) as stage:
        said: list[Frame] = []
        asked = itertools.count()

        async def history(_: httpx2.Request) -> httpx2.Response:
            known = said[: 2 if next(asked) < 2 else 7]
            page = {"items": known, "next": None, "positions": [known[-1]["at"]]}
            return httpx2.Response(200, json=page)

        rest = ParleyClient("http://gateway", transport=httpx2.MockTransport(history))
        async with rest, chat_of(stage, user_id) as talker, chat_of(stage, user_id, rest) as hearer:
            conversation = await talker.start()
            events = conversation.events()
            heard = (await hearer.join(conversation.id)).events()
            await conversation.send("0")
            said += [frame async for frame in first(events, 1)]
            assert [frame async for frame in first(heard, 1)] == said
            cut_off(stage, hearer)
            await until(lambda: len(stage.edge.hub) == 1)
            for number in range(1, 10):
                await conversation.send(f"{number}")
            said += [frame async for frame in first(events, 9)]
            await until(lambda: hearer.connections == 2)
            texts = [frame["text"] async for frame in first(heard, 9)]
            assert sorted(texts) == [f"{number}" for number in range(1, 10)]
            assert next(asked) == 3


async def first(events: Events, count: int) -> "AsyncIterator[Frame]":
    """Return so many messages."""
    while count:
        frame = await anext(events)
        if frame["type"] == "message":
            count -= 1
            yield frame
