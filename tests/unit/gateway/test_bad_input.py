"""Whatever is sent, the answer is a problem with a code, and nothing is published."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from tests.unit.gateway.harness import AwayLimiter, Gateway, Person, register, start_conversation

MESSAGES = "/api/chat/messages"
JSON = {"Content-Type": "application/json"}
PROBLEM = {"type", "title", "status", "detail", "code"}


def assert_problem(answer: httpx2.Response, status: int, code: str) -> None:
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert set(said) >= PROBLEM
    assert (answer.status_code, said["status"], said["code"]) == (status, status, code)


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"text": NaN}',
        b'{"text": "half \\ud800"}',
        b'{"text": "\xff\xfe"}',
        '{"text": "x"}'.encode("utf-16"),
        b"[" * 30_000,
        b"\x00",
    ],
)
def test_what_is_not_json_is_refused(client: TestClient, ada: Person, body: bytes) -> None:
    """Malformed JSON and anything but UTF-8 is `bad_json`, on every route with a body."""
    for path in (MESSAGES, "/api/chat/conversations", "/api/auth/login", "/api/auth/register"):
        answer = client.post(path, content=body, headers=JSON | ada.headers)
        assert_problem(answer, 400, "bad_json")


@pytest.mark.parametrize("chunked", [False, True])
def test_large_bodies_are_refused(client: TestClient, ada: Person, *, chunked: bool) -> None:
    """More than 64 KiB is 413, whether its length is declared or not."""
    body = b'{"text": "' + b"x" * 70_000 + b'"}'
    content: Any = iter([body[:40_000], body[40_000:]]) if chunked else body
    answer = client.post(MESSAGES, content=content, headers=JSON | ada.headers)
    assert_problem(answer, 413, "too_large")


@pytest.mark.parametrize(
    "changes",
    [
        {"text": ""},
        {"text": " \n\t "},
        {"text": "x" * 8_001},
        {"text": "x" * 20_000},
        {"text": "nul\u0000"},
        {"text": 7},
        {"text": None},
        {"conversation_id": "mine"},
        {"client_message_id": None},
    ],
)
def test_bad_messages_are_refused(
    gateway: Gateway, client: TestClient, ada: Person, changes: dict[str, Any]
) -> None:
    """A message out of bounds names its field, echoes nothing and is not published."""
    conversation = start_conversation(client, ada)
    before = len(gateway.publisher.events)
    body = {"conversation_id": conversation, "client_message_id": str(uuid4()), "text": "hello"}

    answer = client.post(MESSAGES, json=body | changes, headers=ada.headers)

    assert_problem(answer, 422, "invalid")
    assert answer.json()["errors"][0]["field"] == next(iter(changes))
    assert "xxxx" not in answer.text
    assert len(gateway.publisher.events) == before


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_forms_of_other_sites_are_refused(
    client: TestClient, ada: Person, content_type: str | None
) -> None:
    """A body that a foreign form could send without a preflight is not read."""
    headers = dict(ada.headers) | ({"Content-Type": content_type} if content_type else {})
    answer = client.post("/api/chat/conversations", content=b'{"title": "x"}', headers=headers)
    assert_problem(answer, 422, "invalid")


@pytest.mark.parametrize("path", ["/api/nothing", "/api", "/internal/x", "/ws", "/mf/none.js"])
def test_unknown_routes_are_problems(client: TestClient, path: str) -> None:
    """What does not exist is 404 as a problem, also for a browser."""
    assert_problem(client.get(path, headers={"Accept": "text/html"}), 404, "not_found")
    assert_problem(client.post(path), 404, "not_found")


def test_sockets_are_the_edges_business(client: TestClient) -> None:
    """A socket that knocks at the gateway is closed, and the process lives on."""
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/ws"):
        pass
    assert client.get("/health/live").status_code == 200


def test_wrong_method_names_the_right_one(client: TestClient) -> None:
    """A known route with another method is 405 and says which it knows."""
    answer = client.get("/api/auth/login")
    assert_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("query", ["before=x", "before=AAAA", "before=%00"])
def test_foreign_cursors_are_refused(client: TestClient, ada: Person, query: str) -> None:
    """A cursor that is not ours is 400."""
    answer = client.get(f"/api/chat/conversations?{query}", headers=ada.headers)
    assert_problem(answer, 400, "bad_cursor")


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1"])
def test_limits_are_bounded(client: TestClient, ada: Person, limit: str) -> None:
    """A page has 1 to 100 items."""
    answer = client.get(f"/api/chat/conversations?limit={limit}", headers=ada.headers)
    assert_problem(answer, 422, "invalid")


def test_unforeseen_errors_tell_an_id_only(gateway: Gateway) -> None:
    """A bug answers 500 with an id, without a word of what happened, and the process lives on."""
    app = gateway.build()

    def broken() -> None:
        raise LookupError("a secret detail")

    app.add_api_route("/api/broken", broken)
    with TestClient(app) as client:
        answer = client.get("/api/broken")
        assert_problem(answer, 500, "internal")
        assert answer.json()["incident"]
        assert "secret" not in answer.text
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert client.get("/health/live").status_code == 200


def test_too_many_tries_are_told_when_to_come_back(gateway: Gateway) -> None:
    """A used-up rate is 429 with Retry-After, counted per account, not for others."""
    gateway.limits = {"login": "2/minute"}
    body = {"email": "ada@example.org", "password": "wrong password"}
    with gateway.open() as client:
        statuses = [client.post("/api/auth/login", json=body).status_code for _ in range(3)]
        answer = client.post("/api/auth/login", json=body)
        other = client.post("/api/auth/login", json=body | {"email": "bob@example.org"})

    assert statuses == [401, 401, 429]
    assert_problem(answer, 429, "rate_limited")
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert other.status_code == 401


def test_one_address_cannot_try_many_accounts(gateway: Gateway) -> None:
    """The address has a rate of its own over all accounts."""
    gateway.limits = {"address": "3/minute"}
    with gateway.open() as client:
        statuses = [
            client.post(
                "/api/auth/login", json={"email": f"p{n}@example.org", "password": "guess guess"}
            ).status_code
            for n in range(4)
        ]
    assert statuses == [401, 401, 401, 429]


def test_messages_have_a_rate(gateway: Gateway) -> None:
    """One user cannot flood the log."""
    gateway.limits = {"messages": "2/minute"}
    with gateway.open() as client:
        ada = register(client)
        statuses = [
            client.post("/api/chat/conversations", json={}, headers=ada.headers).status_code
            for _ in range(3)
        ]
    assert statuses == [201, 201, 429]


def test_sign_in_fails_closed_without_rate_limits(gateway: Gateway) -> None:
    """With Valkey away nobody may guess passwords, and everything else works."""
    with gateway.open() as client:
        ada = register(client)
    gateway.shared_limits = AwayLimiter()
    body = {"email": ada.email, "password": "whatever it is", "name": "Ada"}
    csrf = {"X-Parley-CSRF": "1", "Cookie": "parley_refresh=x"}

    with gateway.open() as client:
        for answer in (
            client.post("/api/auth/login", json=body),
            client.post("/api/auth/register", json=body),
            client.post("/api/auth/refresh", headers=csrf),
        ):
            assert_problem(answer, 503, "unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        assert client.get("/api/auth/profile", headers=ada.headers).status_code == 200
        start_conversation(client, ada)
