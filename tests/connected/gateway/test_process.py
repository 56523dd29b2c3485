"""The gateway as it really runs: over HTTP, on the real stack, stopped by a signal."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx2
import pytest
import redis
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from schemas.tickets import SocketTicket, ticket_key
from tests.connected.gateway.stack import InfraStack

pytestmark = pytest.mark.connected

READY_SECONDS = 30


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A new signing key."""
    key = ec.generate_private_key(ec.SECP256R1())
    file = tmp_path / "key.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return file


@contextmanager
def running(
    stack: InfraStack, key_file: Path, *, probe: str = "ready", **changes: str
) -> Iterator[httpx2.Client]:
    """Start `python -m gateway`, wait until it is ready, and stop it by SIGTERM."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PARLEY_HTTP__PORT": str(port),
        "PARLEY_KAFKA__BOOTSTRAP_SERVERS": stack.bootstrap_servers,
        "PARLEY_DATABASE_URL": stack.database_url("gateway"),
        "PARLEY_VALKEY_URL": stack.valkey_url,
        "PARLEY_AUTH__PRIVATE_KEY_FILE": str(key_file),
        "PARLEY_AUTH__COOKIE_SECURE": "false",
        "PARLEY_INTERNAL_TOKEN": "a secret between processes",
        "PYTHONPATH": str(Path(__file__).parents[3]),
    }
    process = subprocess.Popen([sys.executable, "-m", "gateway"], env=environment | changes)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}") as client:
            wait_for(client, process, probe)
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        code = process.wait(30)
    assert code == 0


def wait_for(client: httpx2.Client, process: subprocess.Popen[bytes], probe: str) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, "the gateway has ended"
        try:
            if client.get(f"/health/{probe}").status_code == 200:
                return
        except httpx2.TransportError:
            pass
        time.sleep(0.1)
    pytest.fail(f"the gateway is not {probe}")


async def test_account_conversation_and_message(
    infra_stack: InfraStack, key_file: Path, owner: AsyncEngine
) -> None:
    """Register, take a ticket, start a conversation and speak; the actions leave the outbox."""
    email = f"{uuid4()}@example.org"
    with running(infra_stack, key_file) as client:
        signed_in = client.post(
            "/api/auth/register",
            json={"email": email, "password": "correct horse battery", "name": "Ada"},
        )
        assert signed_in.status_code == 201
        bearer = {"Authorization": f"Bearer {signed_in.json()['token']}"}
        ticket = client.post("/api/auth/socket-ticket", headers=bearer).json()["ticket"]
        kept = redis.Redis.from_url(infra_stack.valkey_url).getdel(ticket_key(ticket))
        assert isinstance(kept, bytes)
        assert str(SocketTicket.model_validate_json(kept).user_id) == signed_in.json()["user"]["id"]
        started = client.post("/api/chat/conversations", json={}, headers=bearer)
        message = {
            "conversation_id": started.json()["id"],
            "client_message_id": str(uuid4()),
            "text": "hello",
        }
        said = client.post("/api/chat/messages", json=message, headers=bearer)
        assert (said.status_code, said.json()["status"]) == (202, "accepted")
        refreshed = client.post("/api/auth/refresh", headers={"X-Parley-CSRF": "1"})
        assert refreshed.status_code == 200
        deadline = time.monotonic() + READY_SECONDS
        while await waiting(owner):
            assert time.monotonic() < deadline, "the actions stay in the outbox"
            await asyncio.sleep(0.1)


async def waiting(owner: AsyncEngine) -> int:
    async with owner.connect() as connection:
        count: int = (await connection.execute(text("select count(*) from outbox"))).scalar_one()
        return count


def test_killed_stores_are_found_again(infra_stack: InfraStack, key_file: Path) -> None:
    """After PostgreSQL and Valkey were killed the first requests work again, without a restart."""
    body = {"email": f"{uuid4()}@example.org", "password": "correct horse battery", "name": "Ada"}
    with running(infra_stack, key_file) as client:
        token = client.post("/api/auth/register", json=body).json()["token"]
        bearer = {"Authorization": f"Bearer {token}"}
        for name in ("postgres", "valkey"):
            infra_stack.kill(name)
            infra_stack.wait_ready(name)

        for _ in range(12):
            assert client.get("/api/auth/profile", headers=bearer).status_code == 200
            assert client.post("/api/auth/socket-ticket", headers=bearer).status_code == 200
        assert client.post("/api/auth/login", json=body).status_code == 200


def test_rates_are_shared_through_valkey(infra_stack: InfraStack, key_file: Path) -> None:
    """A second gateway goes on counting where the first one stopped."""
    body = {"email": f"{uuid4()}@example.org", "password": "wrong password"}
    rate = {"PARLEY_LIMITS__LOGIN": "2/hour"}
    statuses = []
    for _ in range(2):
        with running(infra_stack, key_file, **rate) as client:
            statuses += [client.post("/api/auth/login", json=body).status_code for _ in range(2)]

    assert statuses == [401, 401, 429, 429]


def test_valkey_away_closes_sign_in_only(infra_stack: InfraStack, key_file: Path) -> None:
    """Without Valkey nobody signs in; what needs no counting is answered."""
    away = {"PARLEY_VALKEY_URL": "redis://127.0.0.1:1/0"}
    body = {"email": f"{uuid4()}@example.org", "password": "wrong password"}
    with running(infra_stack, key_file, **away) as client:
        refused = client.post("/api/auth/login", json=body)
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert client.get("/api/auth/profile").status_code == 401


def test_database_away_is_told_and_not_ready(infra_stack: InfraStack, key_file: Path) -> None:
    """Without PostgreSQL the process lives, is not ready, and asks to come back."""
    away = {"PARLEY_DATABASE_URL": "postgresql://nobody:x@127.0.0.1:1/parley"}
    body = {"email": f"{uuid4()}@example.org", "password": "wrong password"}
    with running(infra_stack, key_file, probe="live", **away) as client:
        refused = client.post("/api/auth/login", json=body)
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
        assert "retry-after" in refused.headers
        assert client.get("/health/ready").json()["checks"]["database"] is False
        assert client.get("/health/live").status_code == 200
