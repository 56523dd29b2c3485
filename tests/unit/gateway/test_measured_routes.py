"""What the gateway counts for operators: work of the assistant, and messages."""

from uuid import UUID, uuid4

import orjson
import pytest
from prometheus_client import REGISTRY
from starlette.testclient import TestClient

from producers.ports import PublishStatus
from tests.unit.gateway.harness import Gateway, Person, start_conversation
from tests.unit.gateway.test_training_routes import OPERATOR, ask, rows


def counted(endpoint: str, status: str) -> tuple[float, float]:
    """How many requests ended so, and how many of the endpoint were timed."""
    found = (
        REGISTRY.get_sample_value("ai_requests_total", {"endpoint": endpoint, "status": status}),
        REGISTRY.get_sample_value("ai_request_duration_seconds_count", {"endpoint": endpoint}),
    )
    return found[0] or 0.0, found[1] or 0.0


def said(kind: str) -> float:
    """How many messages of this kind were counted."""
    return REGISTRY.get_sample_value("chat_messages_total", {"message_type": kind}) or 0.0


@pytest.mark.parametrize(
    ("asked", "body", "endpoint", "status"),
    [
        ("POST train", orjson.dumps({"examples": rows()}), "train", "answered"),
        ("POST train", orjson.dumps({"examples": []}), "train", "refused"),
        ("POST train", b"{", "train", "refused"),
        (f"GET train/{UUID(int=0)}", b"", "train/{jobId}", "refused"),
        ("GET models", b"", "models", "answered"),
    ],
)
def test_training_counts_as_work_of_the_assistant(
    client: TestClient, asked: str, body: bytes, endpoint: str, status: str
) -> None:
    """By how it ended, with its time, under the route's name: never under a job's."""
    before = counted(endpoint, status)
    method, _, path = asked.partition(" ")
    sent = {**OPERATOR, "Content-Type": "application/json"}
    client.request(method, f"/api/ai/{path}", content=body, headers=sent)
    assert counted(endpoint, status) == (before[0] + 1, before[1] + 1)


def test_a_job_that_is_looked_at_counts(client: TestClient) -> None:
    """Found, it is an answer."""
    job_id = ask(client, {"examples": rows()}).json()["jobId"]
    before = counted("train/{jobId}", "answered")
    client.get(f"/api/ai/train/{job_id}", headers=OPERATOR)
    assert counted("train/{jobId}", "answered") == (before[0] + 1, before[1] + 1)


def test_an_outage_is_no_refusal(client: TestClient, gateway: Gateway) -> None:
    """Who reads the numbers can tell bad requests from a broker that is away."""
    gateway.publisher.status = PublishStatus.UNKNOWN
    before = counted("train", "unavailable")
    assert ask(client, {"examples": rows()}).status_code == 503
    assert counted("train", "unavailable") == (before[0] + 1, before[1] + 1)


def test_a_message_counts_when_the_log_has_it(
    client: TestClient, gateway: Gateway, ada: Person
) -> None:
    """By who says it; what the broker did not take is not counted."""
    conversation = start_conversation(client, ada)

    def say() -> None:
        body = {"conversation_id": conversation, "client_message_id": str(uuid4()), "text": "hi"}
        client.post("/api/chat/messages", json=body, headers=ada.headers)

    before, agents = said("user"), said("agent")
    say()
    assert (said("user"), said("agent")) == (before + 1, agents)
    gateway.publisher.status = PublishStatus.BUSY
    say()
    assert said("user") == before + 1
