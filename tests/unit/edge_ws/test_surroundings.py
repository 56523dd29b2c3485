"""The adapters, the probes, and the settings."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import pytest
from pydantic import SecretStr

from edge_ws.access import Access
from edge_ws.gateway import GatewayDirectory
from edge_ws.memory import InMemoryDirectory
from edge_ws.ports import Grant, KnownMessage
from edge_ws.tickets import ValkeyTickets
from runtime.errors import RetryableError
from schemas.events.chat import SenderKind
from schemas.positions import Position
from schemas.topics import Topic
from tests.unit.edge_ws.stage import Client, Stage, create_stage, running

ROOT = Path(__file__).parents[3]


class TestGatewayDirectory:
    """What the gateway says about access, as the edge understands it."""

    @staticmethod
    async def ask(answer: httpx2.Response | Exception) -> tuple[Grant | None, httpx2.Request]:
        """Look a conversation up at a gateway that answers this."""
        asked: list[httpx2.Request] = []

        def handle(request: httpx2.Request) -> httpx2.Response:
            asked.append(request)
            if isinstance(answer, Exception):
                raise answer
            return answer

        directory = GatewayDirectory(
            "http://gateway", SecretStr("s3cret"), transport=httpx2.MockTransport(handle)
        )
        try:
            return await directory.look_up(UUID(int=1), UUID(int=2)), asked[0]
        finally:
            await directory.close()

    async def test_it_asks_with_the_service_token(self) -> None:
        """The route, the user and the token are as agreed."""
        owner = uuid4()
        grant, request = await self.ask(
            httpx2.Response(
                200,
                json={
                    "conversation_id": str(UUID(int=1)),
                    "owner_id": str(owner),
                    "allowed": True,
                },
            )
        )
        assert grant == Grant(owner, SenderKind.USER)
        assert request.url.path == f"/internal/conversations/{UUID(int=1)}/access"
        assert request.url.params["user_id"] == str(UUID(int=2))
        assert request.headers["authorization"] == "Bearer s3cret"

    @pytest.mark.parametrize("deleted", [False, True])
    async def test_it_asks_whose_a_message_is(self, *, deleted: bool) -> None:
        """The route names conversation and message; 404 means that it is not there."""
        author, paths, needed = uuid4(), [], []

        def handle(request: httpx2.Request) -> httpx2.Response:
            paths.append(request.url.path)
            needed.append(request.url.params.get_list("needed"))
            if len(paths) > 1:
                return httpx2.Response(404)
            answer = {
                "message_id": str(UUID(int=2)),
                "sender_id": str(author),
                "occurred_at": "2026-11-23T12:00:00.000001Z",
                "deleted": deleted,
            }
            return httpx2.Response(200, json=answer)

        directory = GatewayDirectory(
            "http://gateway", SecretStr("s3cret"), transport=httpx2.MockTransport(handle)
        )
        at = datetime(2026, 11, 23, 12, microsecond=1, tzinfo=UTC)
        found = await directory.find_message(UUID(int=1), UUID(int=2))
        assert found == KnownMessage(author, at, deleted=deleted)
        positions = [Position(Topic.CHAT_MESSAGES, 3, 7), Position(Topic.CHAT_REPLIES, 3, 0)]
        assert await directory.find_message(UUID(int=1), UUID(int=2), positions) is None
        assert needed == [[], ["m3:7", "r3:0"]]
        assert paths == [f"/internal/conversations/{UUID(int=1)}/messages/{UUID(int=2)}"] * 2
        await directory.close()

    async def test_missing_is_no_grant(self) -> None:
        """404 means that there is no such conversation."""
        assert (await self.ask(httpx2.Response(404)))[0] is None

    @pytest.mark.parametrize(
        "answer",
        [
            httpx2.Response(500),
            httpx2.Response(401),
            httpx2.Response(200, content=b"{}"),
            httpx2.Response(200, content=b"garbage"),
            httpx2.ConnectError("refused"),
        ],
    )
    async def test_anything_else_is_no_answer(self, answer: httpx2.Response | Exception) -> None:
        """What is not understood is neither yes nor no."""
        with pytest.raises(RetryableError):
            await self.ask(answer)


class TestAccess:
    """Who may see what, and how often the gateway is asked for it."""

    async def test_an_agent_is_let_in_as_an_agent(self) -> None:
        """Who is allowed without owning it speaks as an agent."""

        class Everyone(InMemoryDirectory):
            async def look_up(self, conversation_id: UUID, user_id: UUID) -> Grant | None:
                self.asked += 1
                kind = {1: SenderKind.USER, 7: SenderKind.AGENT}.get(user_id.int)
                return Grant(conversation_id, kind)

        access = Access(Everyone())
        key = str(UUID(int=1)).encode()
        assert await access.kind_of(key, UUID(int=7)) is SenderKind.AGENT
        assert await access.kind_of(key, UUID(int=8)) is None
        assert await access.kind_of(key, UUID(int=1)) is SenderKind.USER

    async def test_what_the_log_tells_needs_no_question(self) -> None:
        """An owner learned from the log is not asked about."""
        directory = InMemoryDirectory(away=True)
        access = Access(directory)
        key = str(UUID(int=1)).encode()
        access.learn(key, UUID(int=2))
        assert await access.kind_of(key, UUID(int=2)) is SenderKind.USER
        with pytest.raises(RetryableError):
            await access.kind_of(key, UUID(int=3))


async def test_tickets_out_of_reach_say_so() -> None:
    """A Valkey that is not there is an outage, not a wrong ticket."""
    tickets = ValkeyTickets(SecretStr("redis://127.0.0.1:1/0"))
    with pytest.raises(RetryableError):
        await tickets.take("t")
    await tickets.close()


async def test_probes_and_metrics_answer_on_the_same_port(stage: Stage) -> None:
    """Ready while the log is followed; not ready while draining."""
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{stage.port}") as http:
        assert (await http.get("/health/live")).status_code == 200
        assert (await http.get("/health/ready")).status_code == 200
        assert "chat_sockets" in (await http.get("/metrics")).text
        stage.edge.hub.draining = True
        assert (await http.get("/health/ready")).status_code == 503
        assert (await http.get("/health/live")).status_code == 200


async def test_draining_tells_everybody_to_come_back() -> None:
    """Each socket hears `reconnect` and is closed with the code that says come back."""
    async with running(create_stage()) as stage:
        clients = [await Client.open(stage) for _ in range(5)]
        await stage.edge.hub.drain(timedelta(milliseconds=50), 3)
        for client in clients:
            assert (await client.hear())["type"] == "reconnect"
            assert await client.close_code() == 4000
        late = await Client.raw(stage)
        assert await late.close_code() == 4000


async def test_a_long_drain_keeps_nobody_away_for_long() -> None:
    """However long it takes to send all away, each may come back within a second."""
    async with running(create_stage()) as stage:
        clients = [await Client.open(stage) for _ in range(20)]
        draining = asyncio.create_task(stage.edge.hub.drain(timedelta(hours=1), 1))
        hints = [(await client.hear())["after_ms"] for client in clients]
        draining.cancel()
    assert max(hints) <= 1_000
    assert len(set(hints)) > 1


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({}, "PARLEY_AUTH"),
        (
            {
                "PARLEY_AUTH__PUBLIC_KEY_FILE": "missing.pem",
                "PARLEY_INTERNAL_TOKEN": "s",
            },
            "missing.pem",
        ),
        (
            {
                "PARLEY_AUTH__PUBLIC_KEY_FILE": "missing.pem",
                "PARLEY_INTERNAL_TOKEN": "s",
                "PARLEY_ALLOWED_ORIGINS": "not json",
            },
            "allowed_origins",
        ),
    ],
)
def test_wrong_settings_are_one_clear_line(environment: dict[str, str], named: str) -> None:
    """The process says what is wrong with its settings and exits with 2."""
    done = subprocess.run(
        [sys.executable, "-m", "edge_ws"],
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'edge-ws'}", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert named in done.stderr
