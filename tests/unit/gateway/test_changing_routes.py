"""Renaming, ending and deleting a conversation, as the routes promise it."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import httpx2
import pytest
from starlette.testclient import TestClient

from producers.ports import PublishStatus
from schemas.events.conversations import (
    ConversationChange,
    ConversationDeleted,
    ConversationEnded,
    ConversationRenamed,
)
from tests.unit.gateway.harness import (
    INTERNAL_TOKEN,
    Gateway,
    Person,
    keep,
    register,
    start_conversation,
)

INTERNAL = {"Authorization": f"Bearer {INTERNAL_TOKEN}"}


def path_of(conversation: object) -> str:
    return f"/api/chat/conversations/{conversation}"


def change(
    client: TestClient, person: Person, conversation: object, **body: object
) -> httpx2.Response:
    return client.put(path_of(conversation), json=body, headers=person.headers)


def delete(client: TestClient, person: Person, conversation: object) -> httpx2.Response:
    return client.delete(path_of(conversation), headers=person.headers)


def show(client: TestClient, person: Person, path: str) -> dict[str, object]:
    answer = client.get(path, headers=person.headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def changes(gateway: Gateway) -> list[ConversationChange]:
    return [each for each in gateway.publisher.events if isinstance(each, ConversationChange)]


def test_a_rename_is_an_event_and_holds_at_once(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """In the conversation, the list and the history, before anything is stored of it."""
    conversation = keep(gateway, ada, 1, apart=timedelta(0))
    name = str(uuid4())
    answers = [
        change(client, ada, conversation.id, title=" The lid ", client_event_id=name)
        for _ in range(2)
    ]

    first, second = changes(gateway)
    assert isinstance(first, ConversationRenamed)
    assert (first.title, first.sender.id) == ("The lid", ada.id)
    assert first.event_id == second.event_id
    assert [(each.status_code, each.json()) for each in answers] == [
        (202, {"status": "accepted", "conversation_id": str(conversation.id)})
    ] * 2
    [listed] = client.get("/api/chat/conversations", headers=ada.headers).json()["items"]
    assert listed["title"] == show(client, ada, path_of(conversation.id))["title"] == "The lid"
    page = show(client, ada, f"{path_of(conversation.id)}/messages")
    title = {"text": "The lid", "event_id": str(first.event_id)}
    assert isinstance(page["title"], dict)
    assert title.items() <= page["title"].items()
    assert listed["titled_at"] == page["title"]["occurred_at"] > listed["started_at"]


def test_a_later_title_in_the_table_counts(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """What another gateway published later is not hidden by what this one remembers."""
    conversation = keep(gateway, ada, 0, apart=timedelta(0))
    change(client, ada, conversation.id, title="mine")
    [mine] = changes(gateway)
    for seconds, title in ((-1, "mine"), (1, "theirs")):
        place = conversation.place._replace(at=mine.occurred_at + timedelta(seconds=seconds))
        stored = replace(conversation, title="theirs", titled=place)
        gateway.conversations.conversations[conversation.id] = stored
        assert show(client, ada, path_of(conversation.id))["title"] == title


def test_a_rename_is_later_than_the_title_that_is_there(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """Although the clock that gave that one is ahead of this process's."""
    conversation = keep(gateway, ada, 0, apart=timedelta(0))
    change(client, ada, conversation.id, title="first")
    [first] = changes(gateway)
    ahead = conversation.place._replace(at=first.occurred_at + timedelta(seconds=20))
    gateway.conversations.conversations[conversation.id] = replace(
        conversation, title="ahead", titled=ahead
    )
    change(client, ada, conversation.id, title="second")
    assert changes(gateway)[-1].occurred_at > ahead.at
    assert show(client, ada, path_of(conversation.id))["title"] == "second"


def test_an_ended_conversation_says_so_and_takes_nothing(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """Nothing more is said in it; it is still read and named, and ending it again is fine."""
    conversation = start_conversation(client, ada)
    assert change(client, ada, conversation, status="ended").status_code == 202
    [ended] = changes(gateway)
    assert isinstance(ended, ConversationEnded)
    said = {"conversation_id": conversation, "client_message_id": str(uuid4()), "text": "hello"}
    refusals = [
        client.post("/api/chat/messages", json=said, headers=ada.headers),
        client.put(f"{path_of(conversation)}/handover", json={"to": "agent"}, headers=ada.headers),
    ]
    assert [(each.status_code, each.json()["code"]) for each in refusals] == [
        (409, "conversation_ended")
    ] * 2
    assert change(client, ada, conversation, status="ended", title="over").status_code == 202
    shown = show(client, ada, path_of(conversation))
    assert (shown["status"], shown["title"]) == ("ended", "over")
    page = show(client, ada, f"{path_of(conversation)}/messages")
    assert shown["ended_at"] == page["ended_at"] is not None
    assert [type(each) for each in changes(gateway)] == [ConversationEnded, ConversationRenamed]
    access = client.get(
        f"/internal/conversations/{conversation}/access",
        params={"user_id": str(ada.id)},
        headers=INTERNAL,
    ).json()
    assert (access["allowed"], access["ended"]) == (True, True)


def test_a_deleted_conversation_is_nowhere(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """404 on every route, gone from the list, and not to be started again."""
    client_id = str(uuid4())
    body = {"client_conversation_id": client_id, "title": "secret"}
    made = client.post("/api/chat/conversations", json=body, headers=ada.headers).json()
    conversation = UUID(made["id"])
    stored = keep(gateway, ada, 2, apart=timedelta(seconds=1))
    known = gateway.conversations
    known.conversations[conversation] = replace(
        known.conversations.pop(stored.id), id=conversation, title="secret"
    )
    known.said[conversation] = said = known.said.pop(stored.id)
    other = keep(gateway, ada, 1, apart=timedelta(0))
    assert delete(client, ada, conversation).status_code == 202
    [gone] = changes(gateway)
    assert isinstance(gone, ConversationDeleted)

    message = {"conversation_id": str(conversation), "client_message_id": client_id, "text": "x"}
    where = f"/internal/conversations/{conversation}"
    answers = [
        client.get(path_of(conversation), headers=ada.headers),
        client.get(f"{path_of(conversation)}/messages", headers=ada.headers),
        change(client, ada, conversation, title="back"),
        delete(client, ada, conversation),
        client.post("/api/chat/messages", json=message, headers=ada.headers),
        client.post("/api/chat/conversations", json=body, headers=ada.headers),
        client.get(f"{where}/access", params={"user_id": str(ada.id)}, headers=INTERNAL),
        client.get(f"{where}/messages/{said[0].message_id}", headers=INTERNAL),
    ]
    assert {(each.status_code, each.json()["code"]) for each in answers} == {(404, "not_found")}
    assert changes(gateway) == [gone]
    page = client.get("/api/chat/conversations", headers=ada.headers).json()
    assert [each["id"] for each in page["items"]] == [str(other.id)]


def test_what_is_stored_as_deleted_stays_so(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """Another gateway, or this one after a restart, knows it of the table."""
    conversation = keep(gateway, ada, 1, apart=timedelta(0))
    gateway.conversations.conversations[conversation.id] = replace(conversation, status="deleted")
    assert client.get(path_of(conversation.id), headers=ada.headers).status_code == 404
    assert delete(client, ada, conversation.id).status_code == 404


@pytest.mark.parametrize("status", [PublishStatus.UNKNOWN, PublishStatus.BUSY])
def test_what_the_log_did_not_confirm_is_not_done(
    gateway: Gateway, client: TestClient, ada: Person, status: PublishStatus
) -> None:
    """503 as for messages; repeated it makes the same events."""
    conversation = keep(gateway, ada, 1, apart=timedelta(0))
    gateway.publisher.status = status
    for answer in (
        change(client, ada, conversation.id, title="other"),
        change(client, ada, conversation.id, status="ended"),
        delete(client, ada, conversation.id),
    ):
        assert (answer.status_code, answer.json()["ack"]) == (503, status)
        assert answer.json()["conversation_id"] == str(conversation.id)
    shown = show(client, ada, path_of(conversation.id))
    assert (shown["title"], shown["status"]) == ("Order", "active")
    gateway.publisher.status = PublishStatus.ACCEPTED
    before = len(gateway.publisher.events)
    change(client, ada, conversation.id, status="ended")
    delete(client, ada, conversation.id)
    assert len({each.event_id for each in gateway.publisher.events[before:]}) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": None, "status": None},
        {"title": ""},
        {"title": "   "},
        {"title": "x" * 121},
        {"title": "a\x00b"},
        {"status": "active"},
        {"status": "deleted"},
        {"title": "x", "owner_id": str(uuid4())},
        {"title": "x", "client_event_id": "no id"},
        {"client_event_id": str(uuid4())},
        [],
    ],
)
def test_bad_changes_are_refused(
    gateway: Gateway, client: TestClient, ada: Person, body: object
) -> None:
    """Nothing to change, too much, or what nobody can change: 422, and nothing is published."""
    conversation = keep(gateway, ada, 1, apart=timedelta(0))
    answer = client.put(path_of(conversation.id), json=body, headers=ada.headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert changes(gateway) == []


def test_only_the_owner_changes_a_conversation(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """Another's, nobody's, and what is no id at all."""
    conversation = keep(gateway, ada, 1, apart=timedelta(0))
    eve = register(client, "Eve")
    for about in (conversation.id, uuid4()):
        for answer in (
            change(client, eve, about, title="mine"),
            change(client, eve, about, status="ended"),
            delete(client, eve, about),
        ):
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert delete(client, eve, "no-id").status_code == 422
    assert client.delete(path_of(conversation.id)).status_code == 401
    assert changes(gateway) == []
