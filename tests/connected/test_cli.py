"""The command line against a stack that really runs."""

import asyncio
import json
import subprocess
import sys
import uuid

import asyncpg
import httpx2
import pytest
from aiokafka import AIOKafkaProducer

from cli.database import forget_projection
from tests.connected import delivery_bed as bed
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(180)]


def parley(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *arguments, "--data", str(stack.folder.root)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_status_says_where_everything_is(infra_stack: Stack) -> None:
    """Programs get every address, and each service's pid, state and restarts."""
    shown = json.loads(parley(infra_stack, "status", "--json").stdout)
    assert shown["bootstrap_servers"] == infra_stack.bootstrap_servers
    assert shown["database_url"] == infra_stack.database_url()
    assert shown["valkey_url"] == infra_stack.valkey_url
    kafka = shown["processes"]["kafka"]
    assert kafka["pid"] == infra_stack.process("kafka").pid
    assert kafka["state"] == "ready"
    assert shown["jobs"] == {"topics": "done", "migrations": "done"}


def test_a_second_start_points_to_the_first(infra_stack: Stack) -> None:
    """Two stacks never share a folder, and asking twice is no mistake."""
    for extra in ([], ["--detach"]):
        done = parley(infra_stack, "up", *extra)
        assert done.returncode == 0
        assert "already runs on" in done.stdout


async def test_tail_shows_what_was_written(infra_stack: Stack) -> None:
    """A record comes out with its key, headers and value."""
    mark = str(uuid.uuid4())
    producer = AIOKafkaProducer(bootstrap_servers=infra_stack.bootstrap_servers)
    await producer.start()
    try:
        body, headers = json.dumps({"mark": mark}).encode(), [("ce_type", b"test.v1")]
        await producer.send_and_wait("message-insights", body, key=b"k", headers=headers)
    finally:
        await producer.stop()
    arguments = ("tail", "message-insights", "--from-beginning", "--json", "-n", "1")
    shown = json.loads((await asyncio.to_thread(parley, infra_stack, *arguments)).stdout)
    assert (shown["key"], shown["headers"], shown["value"]) == (
        "k",
        {"ce_type": "test.v1"},
        {"mark": mark},
    )
    rows = json.loads((await asyncio.to_thread(parley, infra_stack, "lag", "--json")).stdout)
    behind = {(row["group"], row["topic"]): row["lag"] for row in rows}
    assert behind["chat-analytics", "message-insights"] == 1
    ages = {(row["group"], row["topic"]): row["seconds"] for row in rows}
    assert 0 < ages["chat-analytics", "message-insights"] < 600


async def test_a_rebuilt_projection_is_the_same(stack: Stack) -> None:
    """Emptied and read again from the first record, the audit trail holds the same events."""
    async with httpx2.AsyncClient(base_url=stack.url, trust_env=False) as client:
        account = {
            "email": f"{uuid.uuid4().hex}@example.com",
            "password": "a long enough one 7",
            "name": "Rebuilt",
        }
        answer = await client.post("/api/auth/register", json=account)
        assert answer.status_code == httpx2.codes.CREATED
    before = await audited(stack, answer.json()["user"]["id"])
    done = await asyncio.to_thread(parley, stack, "rebuild", "audit")
    assert done.returncode == 0, done.stderr
    assert await audited(stack, answer.json()["user"]["id"]) == before


async def test_search_tells_what_the_assistant_finds(stack: Stack) -> None:
    """A snippet of the folder, by what it is about and not by its words, with how sure that is."""
    email, password = f"{uuid.uuid4().hex}@example.com", "a long enough one 7"
    async with httpx2.AsyncClient(base_url=stack.url, trust_env=False) as client:
        account = {"email": email, "password": password, "name": "Editor"}
        answer = await client.post("/api/auth/register", json=account)
        assert answer.status_code == httpx2.codes.CREATED
    granted = await asyncio.to_thread(parley, stack, "admin", "grant", email)
    assert granted.returncode == 0, granted.stderr
    search = ("knowledge", "search", "my frying pan of iron went rusty", "--limit", "3", "--json")
    signed_in = ("--email", email, "--password", password)
    done = await asyncio.to_thread(parley, stack, *search, *signed_in)
    assert done.returncode == 0, done.stderr
    first, *others = json.loads(done.stdout)
    assert (first["id"], first["document_id"]) == ("cast-iron", None)
    assert 0.5 < first["probability"] < 1
    assert len(others) == 2
    assert all(each["probability"] <= first["probability"] for each in others)


async def test_a_rebuilt_count_counts_again(infra_stack: Stack) -> None:
    """What a view that counts has seen is forgotten with its counts."""
    hour = bed.unique_hour()
    async with (
        bed.producing(infra_stack) as producer,
        bed.consuming(bed.member(infra_stack, "analytics")),
    ):
        await bed.publish(producer, bed.messages(30, at=hour))
        await bed.caught_up(infra_stack, "analytics")
    await forget_projection(infra_stack.database_url("analytics"), "analytics")
    assert await bed.counted_in(infra_stack, hour) == 0
    async with bed.consuming(bed.member(infra_stack, "analytics")):
        await bed.caught_up(infra_stack, "analytics")
    assert await bed.counted_in(infra_stack, hour) == 30


async def audited(stack: Stack, actor: str) -> list[tuple[uuid.UUID, str]]:
    """Return a user's audit rows, as soon as registration and sign-in have both arrived."""
    connection = await asyncpg.connect(stack.database_url())
    try:
        async with asyncio.timeout(30):
            while True:
                rows = await connection.fetch(
                    "select event_id, action from admin_logs where actor_id = $1 order by 1",
                    uuid.UUID(actor),
                )
                if len(rows) >= 2:
                    return [(row["event_id"], row["action"]) for row in rows]
                await asyncio.sleep(0.1)
    finally:
        await connection.close()
