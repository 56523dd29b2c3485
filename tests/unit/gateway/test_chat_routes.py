"""Conversations, messages and history, as the routes promise them."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import pytest
from starlette.testclient import TestClient

from gateway.chat.ports import Conversation, Reaction, ReadMark
from producers.ports import PublishStatus
from runtime.errors import RetryableError
from schemas import ids
from schemas.events.chat import (
    ConversationStarted,
    MessageSent,
    Rating,
)
from schemas.positions import Position
from schemas.topics import Topic
from tests.unit.gateway.harness import (
    INTERNAL_TOKEN,
    NOON,
    Gateway,
    Person,
    keep,
    register,
    start_conversation,
)

INTERNAL = {"Authorization": f"Bearer {INTERNAL_TOKEN}"}


def say(
    client: TestClient, person: Person, conversation: str, **changes: object
) -> httpx2.Response:
    body: dict[str, object] = {
        "conversation_id": conversation,
        "client_message_id": str(uuid4()),
        "text": "hello",
    }
    return client.post("/api/chat/messages", json=body | changes, headers=person.headers)


def test_starting_publishes_and_answers_it(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """A conversation is on the log before 201 is said, and can be read at once."""
    body = {"title": " Order "}
    answer = client.post("/api/chat/conversations", json=body, headers=ada.headers)

    said = answer.json()
    (event,) = gateway.publisher.events
    assert isinstance(event, ConversationStarted)
    assert (event.owner_id, event.title) == (ada.id, "Order")
    assert said["id"] == str(event.conversation_id)
    assert (said["title"], said["status"]) == ("Order", "active")
    again = client.get(f"/api/chat/conversations/{said['id']}", headers=ada.headers)
    owner = {"id": str(ada.id), "name": "Ada"}
    assert again.json() == said | {"owner": owner, "agents": []}


def test_starting_twice_is_one_conversation(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """One client id is one conversation, published once by this process."""
    body = {"client_conversation_id": str(uuid4())}
    answers = [
        client.post("/api/chat/conversations", json=body, headers=ada.headers) for _ in range(2)
    ]

    assert answers[0].json() == answers[1].json()
    assert len(gateway.publisher.events) == 1


def test_sender_comes_from_the_token(gateway: Gateway, client: TestClient, ada: Person) -> None:
    """The message is stamped with who is signed in, whatever the body claims."""
    conversation = start_conversation(client, ada)
    client_id = uuid4()
    forged = {"sender": {"id": str(uuid4()), "kind": "agent", "name": "Boss"}, "role": "admin"}

    answer = say(client, ada, conversation, client_message_id=str(client_id), **forged)

    event = gateway.publisher.events[-1]
    expected = ids.message_id(ada.id, UUID(conversation), client_id)
    assert answer.status_code == 202
    assert answer.json() == {"status": "accepted", "message_id": str(expected)}
    assert isinstance(event, MessageSent)
    assert (event.sender.id, event.sender.kind, event.sender.name) == (ada.id, "user", "Ada")
    assert event.message_id == expected
    assert event.event_id == ids.event_id(MessageSent.event_type, expected)


def test_repeating_a_message_is_the_same_event(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """A repeat under one client id has the same ids, so that readers drop it."""
    conversation = start_conversation(client, ada)
    client_id = str(uuid4())
    for _ in range(2):
        say(client, ada, conversation, client_message_id=client_id)

    first, second = gateway.publisher.events[-2:]
    assert first.event_id == second.event_id


@pytest.mark.parametrize("status", [PublishStatus.UNKNOWN, PublishStatus.BUSY])
def test_unconfirmed_messages_are_never_accepted(
    gateway: Gateway, client: TestClient, ada: Person, status: PublishStatus
) -> None:
    """Unknown and busy are 503 with Retry-After, the status and the message's id."""
    conversation = start_conversation(client, ada)
    gateway.publisher.status = status

    answer = say(client, ada, conversation)

    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["code"] == answer.json()["ack"] == status
    assert UUID(answer.json()["message_id"]).version == 5


def test_refused_by_the_broker_is_rejected(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """What the log will never take is a 4xx."""
    conversation = start_conversation(client, ada)
    gateway.publisher.status = PublishStatus.FAILED

    answer = say(client, ada, conversation)

    assert (answer.status_code, answer.json()["ack"]) == (422, "rejected")


def test_ended_conversations_take_no_messages(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """A conversation that has ended answers 409."""
    ended = Conversation(uuid4(), ada.id, None, "ended", NOON)
    gateway.conversations.conversations[ended.id] = ended

    answer = say(client, ada, str(ended.id))

    assert (answer.status_code, answer.json()["code"]) == (409, "conversation_ended")


def test_young_conversations_work_without_the_database(
    gateway: Gateway, client: TestClient, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With PostgreSQL away a new conversation starts and takes messages; old ones answer 503."""

    async def away(_: UUID) -> None:
        raise RetryableError("away")

    monkeypatch.setattr(gateway.conversations, "find", away)
    conversation = start_conversation(client, ada)

    assert say(client, ada, conversation).status_code == 202
    unknown = say(client, ada, str(uuid4()))
    assert (unknown.status_code, unknown.json()["code"]) == (503, "unavailable")
    assert "retry-after" in unknown.headers


@pytest.mark.parametrize("apart", [timedelta(0), timedelta(microseconds=1), timedelta(hours=1)])
def test_history_pages_lose_and_double_nothing(
    gateway: Gateway, client: TestClient, ada: Person, apart: timedelta
) -> None:
    """Pages go back in time, each in order inside, also when times are equal."""
    conversation = keep(gateway, ada, 25, apart=apart)
    path = f"/api/chat/conversations/{conversation.id}/messages"
    texts: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor:
        params = {"limit": "10"} | ({"before": cursor} if cursor else {})
        said = client.get(path, params=params, headers=ada.headers).json()
        texts = [item["text"] for item in said["items"]] + texts
        cursor, pages = said["next"], pages + 1

    assert pages == 3
    assert texts == [f"number {n}" for n in range(25)]


def test_history_items_are_the_events_with_their_frame_type(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """An item is the stored body and the type of its frame; a last page has no next."""
    conversation = keep(gateway, ada, 2, apart=timedelta(seconds=1))
    path = f"/api/chat/conversations/{conversation.id}/messages"

    said = client.get(path, headers=ada.headers).json()

    kept = gateway.conversations.said[conversation.id]
    items = [
        {"type": one.type, **one.body, "reactions": []}
        | ({"rating": None} if one.type == "reply" else {})
        for one in kept
    ]
    empty: dict[str, object] = {
        "next": None,
        "read": [],
        "delivered": [],
        "handover": None,
        "positions": [],
    }
    title = {
        "text": "Order",
        "occurred_at": "2026-11-23T12:00:00.000000Z",
        "event_id": str(ids.event_id(ConversationStarted.event_type, conversation.id)),
    }
    people = {"owner": {"id": str(ada.id), "name": "Ada"}, "agents": []}
    assert said == {"items": items, **empty, **people, "title": title, "ended_at": None}


def test_history_tells_ones_own_rating(gateway: Gateway, client: TestClient, ada: Person) -> None:
    """An answer carries what its reader thinks of it, and nobody else's thumb."""
    conversation = keep(gateway, ada, 2, apart=timedelta(seconds=1))
    said = gateway.conversations.said[conversation.id]
    first, second = (replace(each, type="reply") for each in said)
    gateway.conversations.said[conversation.id] = [first, second]
    gateway.conversations.ratings = {
        (first.message_id, ada.id): Rating.DOWN,
        (second.message_id, uuid4()): Rating.UP,
    }
    url = f"/api/chat/conversations/{conversation.id}/messages"
    items = client.get(url, headers=ada.headers).json()["items"]
    assert [each["rating"] for each in items] == ["down", None]


def test_history_says_how_far_it_reaches(gateway: Gateway, client: TestClient, ada: Person) -> None:
    """Who joins the socket from there misses nothing that happened since the page was read."""
    conversation = keep(gateway, ada, 1, apart=timedelta(0))
    reached = [Position(Topic.CHAT_MESSAGES, 3, 41), Position(Topic.CHAT_REPLIES, 3, 0)]
    gateway.conversations.positions[conversation.id] = reached
    path = f"/api/chat/conversations/{conversation.id}/messages"
    assert client.get(path, headers=ada.headers).json()["positions"] == ["m3:41", "r3:0"]


def test_history_tells_of_reactions_and_readers(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """Each item carries the emojis on it, the page how far each has read."""
    conversation = keep(gateway, ada, 1, apart=timedelta(0))
    [said] = gateway.conversations.said[conversation.id]
    thumb = Reaction(said.message_id, ada.id, "👍")
    gateway.conversations.said[conversation.id] = [replace(said, reactions=(thumb,))]
    mark, other = ReadMark(ada.id, said.message_id, NOON), uuid4()
    gateway.conversations.marks[conversation.id] = [mark]
    gateway.conversations.delivered[conversation.id] = [replace(mark, user_id=other)]

    url = f"/api/chat/conversations/{conversation.id}/messages"
    page = client.get(url, headers=ada.headers).json()
    assert page["items"][0]["reactions"] == [{"user_id": str(ada.id), "emoji": "👍"}]
    assert page["read"] == [
        {
            "user_id": str(ada.id),
            "message_id": str(said.message_id),
            "up_to": "2026-11-23T12:00:00.000000Z",
        }
    ]
    assert page["delivered"] == [{**page["read"][0], "user_id": str(other)}]


def test_edges_learn_whose_a_message_is(gateway: Gateway, client: TestClient, ada: Person) -> None:
    """The author, the time, the deletion, the words; in another conversation it is not there."""
    conversation, other = (keep(gateway, ada, 1, apart=timedelta(0)) for _ in range(2))
    [said] = gateway.conversations.said[conversation.id]
    path = f"/internal/conversations/{conversation.id}/messages/{said.message_id}"
    assert client.get(path, headers=INTERNAL).json() == {
        "message_id": str(said.message_id),
        "sender_id": str(ada.id),
        "occurred_at": "2026-11-23T12:00:00.000000Z",
        "deleted": False,
        "text": said.body["text"],
        "answers": None,
    }
    answered = replace(said, type="reply", body={**said.body, "in_reply_to": str(ada.id)})
    gateway.conversations.said[conversation.id] = [answered]
    assert client.get(path, headers=INTERNAL).json()["answers"] == str(ada.id)
    elsewhere = f"/internal/conversations/{other.id}/messages/{said.message_id}"
    assert client.get(elsewhere, headers=INTERNAL).status_code == 404
    assert client.get(path).status_code == 401


def test_conversations_are_listed_newest_first(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """The list pages back from the last started, with what was said last in each."""
    for n in range(5):
        one = Conversation(uuid4(), ada.id, f"c{n}", "active", NOON + timedelta(hours=n))
        gateway.conversations.conversations[one.id] = one
    talked = keep(gateway, ada, 3, apart=timedelta(seconds=1))

    first = client.get("/api/chat/conversations?limit=4", headers=ada.headers).json()
    rest = client.get(
        "/api/chat/conversations",
        params={"limit": "4", "before": first["next"]},
        headers=ada.headers,
    ).json()

    items = first["items"] + rest["items"]
    assert [item["title"] for item in items][:4] == ["c4", "c3", "c2", "c1"]
    assert rest["next"] is None
    last = next(item for item in items if item["id"] == str(talked.id))
    assert last["first_message_preview"] == "number 0"
    assert last["last_message_preview"] == "number 2"
    assert last["last_message_at"] == "2026-11-23T12:00:02.000000Z"
    assert set(last) == {
        "id",
        "title",
        "status",
        "started_at",
        "handled_by",
        "handled_since",
        "ended_at",
        "titled_at",
        "last_message_at",
        "last_message_preview",
        "first_message_preview",
    }


ROUTES_WITH_AN_ID = [
    ("GET", "/api/chat/conversations/{conversation_id}", None),
    ("GET", "/api/chat/conversations/{conversation_id}/messages", None),
    ("PUT", "/api/chat/conversations/{conversation_id}/handover", None),
    ("PUT", "/api/chat/conversations/{conversation_id}", None),
    ("DELETE", "/api/chat/conversations/{conversation_id}", None),
    ("PUT", "/api/chat/conversations/{conversation_id}/agents/me", None),
    ("POST", "/api/chat/messages", "conversation_id"),
]


@pytest.mark.parametrize("route", ROUTES_WITH_AN_ID)
def test_what_is_anothers_does_not_exist(
    gateway: Gateway, client: TestClient, ada: Person, route: tuple[str, str, str | None]
) -> None:
    """Foreign and unknown conversations answer alike on every route, old ones and young ones."""
    method, path, field = route
    bob = register(client, "Bob")
    foreign = [str(keep(gateway, ada, 1, apart=timedelta(0)).id), start_conversation(client, ada)]
    before = len(gateway.publisher.events)

    def ask(conversation: str) -> httpx2.Response:
        body = {"client_message_id": str(uuid4()), "text": "hello", "to": "agent"}
        if path.endswith("{conversation_id}"):
            body = {"title": "mine now"}
        json = ({field: conversation} if field else {}) | body
        url = path.format(conversation_id=conversation)
        return client.request(
            method, url, json=None if method == "GET" else json, headers=bob.headers
        )

    unknown = ask(str(uuid4()))
    assert (unknown.status_code, unknown.json()["code"]) == (404, "not_found")
    for conversation in foreign:
        assert ask(conversation).status_code == 404
        assert ask(conversation).content == unknown.content
    listed = client.get("/api/chat/conversations", headers=bob.headers).json()
    assert listed["items"] == []
    assert len(gateway.publisher.events) == before


def test_every_route_with_an_id_is_in_the_matrix(gateway: Gateway) -> None:
    """A new route that names a conversation must join the test above."""
    described = gateway.build().openapi()["paths"]
    with_id = {
        (method.upper(), path)
        for path, methods in described.items()
        for method in methods
        if "{conversation_id}" in path and path.startswith("/api/")
    }
    assert with_id == {(method, path) for method, path, field in ROUTES_WITH_AN_ID if not field}


def test_edges_learn_who_may_join(gateway: Gateway, client: TestClient, ada: Person) -> None:
    """Owner allowed, another not, unknown 404; young conversations are known too."""
    old = str(keep(gateway, ada, 1, apart=timedelta(0)).id)
    young = start_conversation(client, ada)

    for conversation in (old, young):
        path = f"/internal/conversations/{conversation}/access"
        owner = client.get(path, params={"user_id": str(ada.id)}, headers=INTERNAL)
        other = client.get(path, params={"user_id": str(uuid4())}, headers=INTERNAL)
        expected: dict[str, object] = {"conversation_id": conversation, "owner_id": str(ada.id)}
        expected |= {"agents": [], "ended": False}
        assert owner.json() == expected | {"allowed": True, "kind": "user"}
        assert other.json() == expected | {"allowed": False, "kind": None}
    path = f"/internal/conversations/{uuid4()}/access?user_id={ada.id}"
    assert client.get(path, headers=INTERNAL).status_code == 404


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer wrong"}])
def test_only_edges_may_ask(client: TestClient, header: dict[str, str]) -> None:
    """Without the shared secret the internal route is 401 before anything is looked up."""
    path = f"/internal/conversations/{uuid4()}/access?user_id={uuid4()}"
    assert client.get(path, headers=header).status_code == 401
