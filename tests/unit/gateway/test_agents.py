"""Agents in other people's conversations: who may come in, what they are there, and the desk."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from starlette.testclient import TestClient

from gateway.chat.ports import Agent, Conversation, Handover
from gateway.chat.young import YoungJoins
from producers.ports import PublishStatus
from schemas import ids
from schemas.events.chat import AgentJoined, ConversationHandedOver, Handler, MessageSent
from tests.unit.gateway.harness import (
    INTERNAL_TOKEN,
    NOON,
    PASSWORD,
    Gateway,
    Person,
    keep,
    promote,
    register,
)

INTERNAL = {"Authorization": f"Bearer {INTERNAL_TOKEN}"}


@pytest.fixture
def grace(gateway: Gateway, client: TestClient) -> Person:
    """An agent whose token is older than that."""
    person = register(client, "Grace")
    promote(gateway, person, "agent")
    return person


def called(gateway: Gateway, owner: Person, minute: int = 0, note: str | None = None) -> UUID:
    """Keep a conversation that is with a person since then."""
    conversation = keep(gateway, owner, 1, apart=timedelta(0))
    hand_over(gateway, conversation.id, Handler.AGENT, minute, note)
    return conversation.id


def hand_over(
    gateway: Gateway, conversation: UUID, to: Handler, minute: int = 0, note: str | None = None
) -> None:
    since = NOON + timedelta(minutes=minute)
    gateway.conversations.handovers[conversation] = Handover(to, since, uuid4(), note)


def join(client: TestClient, person: Person, conversation: UUID) -> httpx2.Response:
    url = f"/api/chat/conversations/{conversation}/agents/me"
    return client.put(url, headers=person.headers)


def access(client: TestClient, person: Person, conversation: UUID) -> dict[str, Any]:
    url = f"/internal/conversations/{conversation}/access"
    answer = client.get(url, params={"user_id": str(person.id)}, headers=INTERNAL)
    told: dict[str, Any] = answer.json()
    return told


def say(client: TestClient, person: Person, conversation: UUID) -> int:
    body = {
        "conversation_id": str(conversation),
        "client_message_id": str(uuid4()),
        "text": "It is on its way.",
    }
    return client.post("/api/chat/messages", json=body, headers=person.headers).status_code


@pytest.mark.parametrize("role", ["agent", "admin"])
def test_an_agent_comes_into_what_is_with_a_person(
    gateway: Gateway, client: TestClient, ada: Person, grace: Person, role: str
) -> None:
    """The account decides, not the token; at once the agent may enter, read, write, hand back."""
    promote(gateway, grace, role)
    conversation = called(gateway, ada)
    assert not access(client, grace, conversation)["allowed"]
    assert say(client, grace, conversation) == 404

    answer = join(client, grace, conversation)
    accepted = {"status": "accepted", "conversation_id": str(conversation)}
    assert (answer.status_code, answer.json()) == (202, accepted)
    [event] = gateway.publisher.events
    assert isinstance(event, AgentJoined)
    assert (event.sender.id, event.sender.kind, event.sender.name) == (grace.id, "agent", "Grace")
    assert event.conversation_id == conversation
    told = access(client, grace, conversation)
    assert told | {"allowed": True, "kind": "agent", "agents": [str(grace.id)]} == told

    url = f"/api/chat/conversations/{conversation}"
    for path in (url, f"{url}/messages"):
        shown = client.get(path, headers=grace.headers).json()
        assert shown["owner"] == {"id": str(ada.id), "name": "Ada"}
        assert [(each["id"], each["name"]) for each in shown["agents"]] == [
            (str(grace.id), "Grace")
        ]
    assert say(client, grace, conversation) == 202
    back = client.put(f"{url}/handover", json={"to": "assistant"}, headers=grace.headers)
    assert back.status_code == 202
    said, handed = gateway.publisher.events[-2:]
    assert isinstance(said, MessageSent)
    assert isinstance(handed, ConversationHandedOver)
    assert said.sender.kind == handed.sender.kind == "agent"
    # Nobody waits for the assistant there.
    assert said.answer_by is None


def test_coming_twice_is_once(
    gateway: Gateway, client: TestClient, ada: Person, grace: Person
) -> None:
    """A second join is answered alike and tells nobody again; an unconfirmed one is the same."""
    conversation = called(gateway, ada)
    gateway.publisher.status = PublishStatus.UNKNOWN
    unknown = join(client, grace, conversation)
    assert (unknown.status_code, unknown.json()["ack"]) == (503, "unknown")
    assert not access(client, grace, conversation)["allowed"]
    gateway.publisher.status = PublishStatus.ACCEPTED
    assert [join(client, grace, conversation).status_code for _ in range(2)] == [202, 202]
    events = [each for each in gateway.publisher.events if isinstance(each, AgentJoined)]
    name = ids.joining_event_id(AgentJoined.event_type, grace.id, conversation)
    assert {each.event_id for each in events} == {name}
    assert len(events) <= 2


@pytest.mark.parametrize("over", ["ended", "deleted"])
def test_what_is_over_waits_for_nobody(
    gateway: Gateway, client: TestClient, ada: Person, grace: Person, over: str
) -> None:
    """At once: the table, which has it as it was, is not believed."""
    conversation = called(gateway, ada)
    url = f"/api/chat/conversations/{conversation}"
    if over == "ended":
        done = client.put(url, json={"status": "ended"}, headers=ada.headers)
    else:
        done = client.delete(url, headers=ada.headers)
    assert done.status_code == 202
    listed = client.get("/api/chat/handovers", headers=grace.headers)
    assert (listed.status_code, listed.json()["items"]) == (200, [])
    assert join(client, grace, conversation).status_code == 404


def test_who_came_stays_after_it_is_handed_back(
    gateway: Gateway, client: TestClient, ada: Person, grace: Person
) -> None:
    """Later joins, by a table that has it, are let in too; others are not."""
    conversation = called(gateway, ada)
    gateway.conversations.came[conversation] = [Agent(grace.id, "Grace", NOON)]
    hand_over(gateway, conversation, Handler.ASSISTANT)
    other = register(client, "Linus")
    promote(gateway, other, "agent")
    assert access(client, grace, conversation)["kind"] == "agent"
    assert join(client, grace, conversation).status_code == 202
    assert gateway.publisher.events == []
    assert join(client, other, conversation).status_code == 404
    assert not access(client, other, conversation)["allowed"]


@pytest.mark.parametrize("change", [{"role": "user"}, {"role": "analyst"}, {"is_active": False}])
def test_who_is_no_agent_any_more_is_out(
    gateway: Gateway, client: TestClient, ada: Person, grace: Person, change: dict[str, Any]
) -> None:
    """That they came once does not count without the role, or with an account that is off."""
    conversation = called(gateway, ada)
    assert join(client, grace, conversation).status_code == 202
    account = gateway.accounts.accounts[grace.id]
    gateway.accounts.accounts[grace.id] = replace(account, **change)
    told = access(client, grace, conversation)
    assert (told["allowed"], told["kind"]) == (False, None)
    assert say(client, grace, conversation) in {401, 404}


def test_what_is_not_theirs_to_join_is_not_there(
    gateway: Gateway, client: TestClient, ada: Person, grace: Person
) -> None:
    """With the assistant, one's own, of no agent, or unknown: the same 404 to the letter."""
    with_assistant = keep(gateway, ada, 1, apart=timedelta(0)).id
    hers = called(gateway, grace)
    theirs = called(gateway, ada)
    linus = register(client, "Linus")
    nothing = join(client, grace, uuid4())
    assert (nothing.status_code, nothing.json()["code"]) == (404, "not_found")
    refused = [
        join(client, grace, with_assistant),
        join(client, grace, hers),
        join(client, linus, theirs),
        join(client, linus, uuid4()),
        join(client, ada, theirs),
    ]
    assert {(each.status_code, each.content) for each in refused} == {(404, nothing.content)}
    assert gateway.publisher.events == []


def test_an_agent_is_a_user_in_their_own_conversation(
    gateway: Gateway, client: TestClient, grace: Person
) -> None:
    """The assistant answers agents who ask for themselves, also when their token says agent."""
    body = {"email": grace.email, "password": PASSWORD}
    token = client.post("/api/auth/login", json=body).json()["token"]
    conversation = keep(gateway, grace, 1, apart=timedelta(0))
    assert say(client, replace(grace, token=token), conversation.id) == 202
    [event] = gateway.publisher.events
    assert isinstance(event, MessageSent)
    assert event.sender.kind == "user"
    assert event.answer_by is not None


def test_the_desk_lists_who_waits_longest_first(
    gateway: Gateway, client: TestClient, ada: Person, grace: Person
) -> None:
    """What is with a person and has not ended, page by page, with whose, why and who came."""
    minutes = [4, 1, 3, 1, 2]
    waiting = [called(gateway, ada, minute, f"note {minute}") for minute in minutes]
    keep(gateway, ada, 1, apart=timedelta(0))
    hand_over(gateway, called(gateway, ada), Handler.ASSISTANT)
    ended = Conversation(uuid4(), ada.id, None, "ended", NOON)
    gateway.conversations.conversations[ended.id] = ended
    hand_over(gateway, ended.id, Handler.AGENT)
    gateway.conversations.came[waiting[0]] = [Agent(grace.id, "Grace", NOON)]

    items: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        query = {"limit": "2"} | ({"after": after} if after else {})
        page = client.get("/api/chat/handovers", params=query, headers=grace.headers).json()
        items += page["items"]
        after = page["next"]
        if after is None:
            break
    expected = sorted(zip(minutes, waiting, strict=True))
    assert [each["id"] for each in items] == [str(key) for _, key in expected]
    assert items[-1] == {
        "id": str(waiting[0]),
        "title": "Order",
        "first_message_preview": "number 0",
        "owner": {"id": str(ada.id), "name": "Ada"},
        "handled_since": "2026-11-23T12:04:00.000000Z",
        "note": "note 4",
        "agents": [
            {"id": str(grace.id), "name": "Grace", "joined_at": "2026-11-23T12:00:00.000000Z"}
        ],
    }


@pytest.mark.parametrize("role", ["user", "analyst"])
def test_the_desk_is_for_agents_and_admins(
    gateway: Gateway, client: TestClient, ada: Person, role: str
) -> None:
    """Others are refused with a problem, whatever waits; a strange cursor is a bad one."""
    promote(gateway, ada, role)
    called(gateway, ada)
    answer = client.get("/api/chat/handovers", headers=ada.headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    promote(gateway, ada, "admin")
    bad = client.get("/api/chat/handovers", params={"after": "x"}, headers=ada.headers)
    assert (bad.status_code, bad.json()["code"]) == (400, "bad_cursor")
    assert client.get("/api/chat/handovers").status_code == 401


def test_young_joins_are_forgotten() -> None:
    """After ten minutes the table knows of them; each conversation has its own."""
    now = NOON
    young = YoungJoins(now=lambda: now)
    first, second = uuid4(), uuid4()
    young.add(first, Agent(uuid4(), "Grace", NOON))
    young.add(second, Agent(uuid4(), "Linus", NOON + timedelta(minutes=5)))
    assert [each.name for each in young.of(first)] == ["Grace"]
    now = NOON + timedelta(minutes=11)
    assert young.of(first) == []
    assert [each.name for each in young.of(second)] == ["Linus"]
