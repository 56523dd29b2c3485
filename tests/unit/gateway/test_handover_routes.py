"""Handing a conversation over and back, as the routes promise it."""

from datetime import timedelta
from uuid import uuid4

import httpx2
from starlette.testclient import TestClient

from gateway.chat.ports import Conversation, Handover
from producers.ports import PublishStatus
from schemas.events.chat import ConversationHandedOver, Handler
from tests.unit.gateway.harness import NOON, Gateway, Person, keep, start_conversation


def hand_over(
    client: TestClient, person: Person, conversation: object, **body: object
) -> httpx2.Response:
    return client.put(
        f"/api/chat/conversations/{conversation}/handover", json=body, headers=person.headers
    )


def test_handing_over_is_an_event(gateway: Gateway, client: TestClient, ada: Person) -> None:
    """The sender comes from the token; a repeat under one client id is the same event."""
    conversation = start_conversation(client, ada)
    body = {"to": "agent", "note": " broken lid ", "client_event_id": str(uuid4())}
    answers = [hand_over(client, ada, conversation, **body) for _ in range(2)]

    first, second = gateway.publisher.events[-2:]
    assert isinstance(first, ConversationHandedOver)
    assert (first.to, first.note, first.sender.id) == ("agent", "broken lid", ada.id)
    assert first.event_id == second.event_id
    assert [(each.status_code, each.json()) for each in answers] == [
        (202, {"status": "accepted", "conversation_id": conversation})
    ] * 2


def test_a_hand_over_is_answered_as_a_message_is(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """What the log did not confirm is 503, what has ended 409, what makes no sense 422."""
    ended = Conversation(uuid4(), ada.id, None, "ended", NOON)
    gateway.conversations.conversations[ended.id] = ended
    conversation = start_conversation(client, ada)
    before = len(gateway.publisher.events)
    assert hand_over(client, ada, ended.id, to="agent").json()["code"] == "conversation_ended"
    for body in ({"to": "nobody"}, {}, {"to": "agent", "note": "x" * 501}):
        assert hand_over(client, ada, conversation, **body).status_code == 422
    assert len(gateway.publisher.events) == before
    gateway.publisher.status = PublishStatus.UNKNOWN
    unknown = hand_over(client, ada, conversation, to="assistant")
    assert (unknown.status_code, unknown.json()["ack"]) == (503, "unknown")
    assert unknown.json()["conversation_id"] == conversation


def test_everybody_sees_who_handles_a_conversation(
    gateway: Gateway, client: TestClient, ada: Person
) -> None:
    """In the list, in the conversation, and with the note in its history."""
    conversation = keep(gateway, ada, 1, apart=timedelta(0))
    url = f"/api/chat/conversations/{conversation.id}"
    fresh = client.get(url, headers=ada.headers).json()
    assert (fresh["handled_by"], fresh["handled_since"]) == ("assistant", None)
    last = Handover(Handler.AGENT, NOON, uuid4(), "broken lid")
    gateway.conversations.handovers[conversation.id] = last
    one = client.get(url, headers=ada.headers).json()
    [listed] = client.get("/api/chat/conversations", headers=ada.headers).json()["items"]
    since = "2026-11-23T12:00:00.000000Z"
    for each in (one, listed):
        assert (each["handled_by"], each["handled_since"]) == ("agent", since)
    page = client.get(f"{url}/messages", headers=ada.headers).json()
    assert page["handover"] == {
        "to": "agent",
        "occurred_at": since,
        "event_id": str(last.event_id),
        "note": "broken lid",
    }
