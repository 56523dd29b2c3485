"""Renaming, ending and deleting by the client, and the state that a thread makes of it."""

import itertools
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest

from parley_client import Chat, ClientError, ParleyClient, RestError, Thread, by_token
from schemas.events.conversations import ConversationDeleted
from tests.unit.edge_ws.stage import create_stage, running
from tests.unit.edge_ws.test_ending import change

if TYPE_CHECKING:
    from parley_client.frames import Frame

TALK = UUID(int=2)
ACCEPTED = httpx2.Response(202, json={"status": "accepted", "conversation_id": str(TALK)})
UNKNOWN = httpx2.Response(503, json={"code": "unknown", "detail": ""})
GONE = httpx2.Response(404, json={"code": "not_found", "detail": ""})


class Asked:
    """A gateway that answers one after the other, and what it was asked."""

    def __init__(self, *answers: httpx2.Response) -> None:
        self._answers = list(answers)
        self.requests: list[tuple[str, str, object]] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        body = orjson.loads(request.content) if request.content else None
        self.requests.append((request.method, request.url.path, body))
        return self._answers.pop(0)


def client_of(answer: Callable[[httpx2.Request], httpx2.Response]) -> ParleyClient:
    """Return a client whose gateway answers like this."""
    return ParleyClient("http://gateway", transport=httpx2.MockTransport(answer))


async def test_a_rename_is_repeated_under_one_name() -> None:
    """Until the gateway says that it is accepted."""
    gateway = Asked(UNKNOWN, ACCEPTED)
    async with client_of(gateway) as client:
        await client.rename_conversation(TALK, "The lid")
    [first, second] = gateway.requests
    assert first == second
    method, path, body = first
    assert (method, path) == ("PUT", f"/api/chat/conversations/{TALK}")
    assert isinstance(body, dict)
    assert (body["title"], bool(UUID(body["client_event_id"]))) == ("The lid", True)


async def test_what_is_refused_is_raised_at_once() -> None:
    """Another's conversation, or none, also when deleting."""
    gateway = Asked(GONE, GONE, GONE)
    async with client_of(gateway) as client:
        for work in (
            partial(client.rename_conversation, TALK, "x"),
            partial(client.end_conversation, TALK),
            partial(client.delete_conversation, TALK),
        ):
            with pytest.raises(RestError) as refused:
                await work()
            assert refused.value.status == 404
    assert len(gateway.requests) == 3


async def test_gone_after_an_uncertain_deletion_is_deleted() -> None:
    """The first try did it although nobody could tell; an end is asked for until it is sure."""
    gateway = Asked(UNKNOWN, GONE, UNKNOWN, ACCEPTED)
    async with client_of(gateway) as client:
        await client.delete_conversation(TALK)
        await client.end_conversation(TALK)
    assert [each[0] for each in gateway.requests] == ["DELETE", "DELETE", "PUT", "PUT"]
    assert gateway.requests[-1][2] == {"status": "ended"}


async def test_a_deletion_ends_the_events() -> None:
    """Listeners hear of it last, and the conversation is not joined again."""
    async with running(create_stage()) as stage:
        owner = uuid4()
        token = by_token(stage.url, stage.token(owner))
        gateway = Asked(ACCEPTED, ACCEPTED, ACCEPTED)
        async with client_of(gateway) as rest, Chat(token, rest=rest) as chat:
            conversation = await chat.start()
            events = conversation.events()
            await conversation.rename("The lid")
            await conversation.end()
            await conversation.delete_conversation()
            await stage.publisher.publish(change(ConversationDeleted, conversation.id, owner))
            heard = [frame["type"] async for frame in events]
            assert heard[-1] == "conversation:deleted"
            before = chat.connections
            for connection in tuple(stage.edge.hub._connections):
                connection.wire.transport.abort()  # type: ignore[attr-defined]
            other = await chat.start()
            assert chat.connections > before
            assert await other.send("again")
        assert len(gateway.requests) == 3


async def test_without_a_way_beside_the_socket_it_says_so() -> None:
    """A chat made without `rest` can change no conversation as a whole."""
    stage = create_stage()
    async with running(stage), Chat(by_token(stage.url, stage.token(uuid4()))) as chat:
        conversation = await chat.start()
        with pytest.raises(ClientError, match="rest"):
            await conversation.end()


def event(kind: str, second: int, **fields: object) -> "Frame":
    """Return what happened to the conversation at this second."""
    at = {"event_id": f"{kind}-{second}", "occurred_at": f"2026-11-23T12:00:{second:02}.000000Z"}
    return {"type": f"conversation:{kind}", **at, **fields}


SAID: "Frame" = {
    "type": "message",
    "event_id": "said",
    "occurred_at": "2026-11-23T12:00:01.500000Z",
    "message_id": "m",
    "sender": {"id": "ada"},
    "text": "hello",
}
STARTED = event("started", 1, title="first")
RENAMED = [event("renamed", second, title=f"title {second}") for second in (2, 3)]


def test_the_latest_title_counts_and_an_end_stays() -> None:
    """In whatever order they are heard, and twice."""
    events = [STARTED, *RENAMED, event("ended", 4), SAID]
    for order in itertools.permutations(events):
        thread = Thread()
        for frame in (*order, *order[:2]):
            thread.apply(frame)
        assert (thread.title, thread.status, len(thread.shown)) == ("title 3", "ended", 1)


def test_nothing_is_left_of_a_deleted_one() -> None:
    """Whatever is heard before or after it."""
    events = [STARTED, RENAMED[0], event("ended", 4), event("deleted", 5), SAID]
    for order in itertools.permutations(events):
        thread = Thread()
        for frame in order:
            thread.apply(frame)
        assert (thread.title, thread.status, thread.shown) == (None, "deleted", [])


def test_a_history_says_how_it_stands() -> None:
    """Its title is one of the titles; without any, a conversation has none."""
    known = {"text": "title 2", "occurred_at": RENAMED[0]["occurred_at"], "event_id": "renamed-2"}
    thread = Thread.of([SAID], title=known, ended_at="2026-11-23T12:00:04.000000Z")
    assert (thread.title, thread.status) == ("title 2", "ended")
    thread.apply(STARTED)
    assert thread.title == "title 2"
    thread.apply(RENAMED[1])
    assert thread.title == "title 3"
    assert (Thread().title, Thread().status) == (None, "active")
