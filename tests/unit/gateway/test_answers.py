"""What is true of every answer: headers, measures, probes, the description."""

import pytest
from prometheus_client import REGISTRY
from starlette.testclient import TestClient

from gateway import openapi
from tests.unit.gateway.harness import Gateway, Person, start_conversation

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; connect-src 'self' wss://socket.example; "
        "frame-ancestors 'none'; base-uri 'self'; form-action 'self'; object-src 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/api/auth/profile"),
        ("POST", "/api/auth/login"),
        ("GET", "/api/none"),
        ("PUT", "/api/auth/login"),
        ("GET", "/health/ready"),
        ("GET", "/metrics"),
        ("GET", "/api/openapi.json"),
    ],
)
def test_every_answer_is_guarded(client: TestClient, method: str, path: str) -> None:
    """The security headers are on every answer, errors included."""
    answer = client.request(method, path)
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
    assert "strict-transport-security" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    expected = "no-store" if path.startswith("/api/") else "no-cache"
    assert answer.headers["cache-control"] == expected


def test_browsers_stay_on_tls(gateway: Gateway) -> None:
    """Where cookies are Secure, browsers are told to keep to https."""
    gateway.secure = True
    with gateway.open() as client:
        assert "max-age" in client.get("/health/live").headers["strict-transport-security"]


def test_requests_are_counted_by_template(client: TestClient, ada: Person) -> None:
    """Ids never become labels; unknown paths and methods share one."""
    conversation = start_conversation(client, ada)
    client.get(f"/api/chat/conversations/{conversation}", headers=ada.headers)
    client.get("/api/none/at/all")
    client.request("BREW", "/api/auth/login")

    text = client.get("/metrics").text
    assert 'route="/api/chat/conversations/{conversation_id}",status="200"' in text
    assert conversation not in text
    assert "at/all" not in text
    assert "BREW" not in text
    labels = {"method": "GET", "route": "other", "status": "404"}
    assert (REGISTRY.get_sample_value("http_requests_total", labels) or 0) >= 1


def test_readiness_follows_the_parts(gateway: Gateway) -> None:
    """Ready says what is away; alive does not depend on it."""
    with gateway.open() as client:
        assert client.get("/health/ready").status_code == 200
        gateway.ready = False
        answer = client.get("/health/ready")
        checks = {"replies": True, "database": False}
        assert (answer.status_code, answer.json()["checks"]) == (503, checks)
        assert client.get("/health/live").status_code == 200


def test_description_is_up_to_date() -> None:
    """docs/openapi.json is what the routes are."""
    assert openapi.main(["--check"]) == 0


def test_every_described_error_is_a_problem() -> None:
    """The description is the same each time and knows no error body but the problem."""
    text = openapi.document().decode()
    assert "HTTPValidationError" not in text
    assert text == openapi.document().decode()
