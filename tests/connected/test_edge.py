"""The edge as a process, on the real log and the real Valkey."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from redis.asyncio import Redis

from parley_client import Chat, SocketClosedError, by_token
from parley_client.conversation import Events
from parley_client.frames import Frame
from schemas.claims import ALGORITHM, AUDIENCE
from schemas.tickets import SocketTicket, ticket_key
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(180)]

ROOT = Path(__file__).parents[2]
READY_SECONDS = 60.0


@dataclass(frozen=True)
class RunningEdge:
    """An edge process and the key that signs people in to it."""

    process: subprocess.Popen[bytes]
    key: ec.EllipticCurvePrivateKey
    port: int

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/ws"

    def chat(self, user_id: UUID) -> Chat:
        now = int(time.time())
        claims = {
            "sub": str(user_id),
            "email": "ada@example.com",
            "name": "Ada",
            "role": "user",
            "iat": now,
            "exp": now + 900,
            "iss": "parley",
            "aud": AUDIENCE,
        }
        return Chat(by_token(self.url, jwt.encode(claims, self.key, algorithm=ALGORITHM)))

    async def ready(self) -> None:
        async with asyncio.timeout(READY_SECONDS), httpx2.AsyncClient() as http:
            while not await self._answers(http):
                assert self.process.poll() is None, "the edge did not start"
                await asyncio.sleep(0.1)

    async def _answers(self, http: httpx2.AsyncClient) -> bool:
        try:
            answer = await http.get(f"http://127.0.0.1:{self.port}/health/ready")
        except httpx2.TransportError:
            return False
        return answer.status_code == httpx2.codes.OK


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


@pytest.fixture
def edge_process(infra_stack: Stack, tmp_path: Path) -> Iterator[RunningEdge]:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    (tmp_path / "public.pem").write_bytes(pem)
    port = free_port()
    environment = {
        "PYTHONPATH": f"{ROOT}:{ROOT / 'edge-ws'}",
        "PARLEY_HTTP__PORT": str(port),
        "PARLEY_KAFKA__BOOTSTRAP_SERVERS": infra_stack.bootstrap_servers,
        "PARLEY_VALKEY_URL": infra_stack.valkey_url,
        "PARLEY_AUTH__PUBLIC_KEY_FILE": str(tmp_path / "public.pem"),
        "PARLEY_INTERNAL_TOKEN": infra_stack.internal_token,
        "PARLEY_INSTANCE": f"test-{port}",
        "PARLEY_DRAIN__SPREAD": "PT0.2S",
    }
    with (tmp_path / "edge.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "edge_ws"], env=environment, stderr=log, cwd=tmp_path
        )
    yield RunningEdge(process, key, port)
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture
async def edge(edge_process: RunningEdge) -> RunningEdge:
    await edge_process.ready()
    return edge_process


async def messages(events: Events, count: int) -> list[Frame]:
    heard: list[Frame] = []
    while len(heard) < count:
        frame = await anext(events)
        if frame["type"] == "message":
            heard.append(frame)
    return heard


async def test_a_message_goes_through_the_real_log(edge: RunningEdge) -> None:
    """What is accepted comes back from Kafka, to every device, in order."""
    user_id = uuid4()
    async with edge.chat(user_id) as first, edge.chat(user_id) as second:
        conversation = await first.start()
        listening = (await second.join(conversation.id)).events()
        accepted = [await conversation.send(f"{number}") for number in range(50)]
        heard = await messages(listening, 50)
    assert [frame["text"] for frame in heard] == [f"{number}" for number in range(50)]
    assert [frame["message_id"] for frame in heard] == [str(a.message_id) for a in accepted]


async def test_order_holds_while_batches_are_full(edge: RunningEdge) -> None:
    """Large messages sent without waiting for acks stand in the log as they were sent."""
    async with edge.chat(uuid4()) as chat:
        conversation = await chat.start()
        events = conversation.events()
        padding = "x" * 7_900
        sending = [
            asyncio.create_task(conversation.send(f"{number:02} {padding}")) for number in range(60)
        ]
        heard = await messages(events, 60)
        await asyncio.gather(*sending)
    assert [int(frame["text"][:2]) for frame in heard] == list(range(60))


async def test_a_ticket_from_valkey_signs_in_once(edge: RunningEdge, infra_stack: Stack) -> None:
    """The ticket is taken out of Valkey by the first socket."""
    ticket = SocketTicket(
        user_id=uuid4(), name="Ada", role="user", expires_at=int(time.time()) + 60
    )
    async with Redis.from_url(infra_stack.valkey_url) as valkey:
        await valkey.set(ticket_key("t1"), ticket.model_dump_json(), ex=30)

        async def credentials() -> tuple[str, Frame]:
            return edge.url, {"ticket": "t1"}

        async with Chat(credentials) as chat:
            await chat.start()
        assert await valkey.get(ticket_key("t1")) is None
        with pytest.raises(SocketClosedError):
            await Chat(credentials).__aenter__()


async def test_a_broker_killed_under_traffic_loses_nothing(
    edge: RunningEdge, infra_stack: Stack
) -> None:
    """Everything accepted while the broker dies and comes back is heard once, in order."""
    user_id = uuid4()
    async with edge.chat(user_id) as chat:
        conversation = await chat.start()
        events = conversation.events()

        async def talk() -> None:
            for number in range(60):
                await conversation.send(f"{number}")
                await asyncio.sleep(0.02)

        talking = asyncio.create_task(talk())
        await asyncio.sleep(0.4)
        await asyncio.to_thread(infra_stack.kill, "kafka")
        await asyncio.to_thread(infra_stack.wait_ready, "kafka")
        heard = await messages(events, 60)
        await talking
    assert [frame["text"] for frame in heard] == [f"{number}" for number in range(60)]
    await edge.ready()


async def test_a_stop_drains(edge: RunningEdge) -> None:
    """On SIGTERM every socket is told to come back, and the process ends well."""
    frames: list[Frame] = []
    chat = edge.chat(uuid4())
    chat._on_frame = frames.append
    async with chat:
        conversation = await chat.start()
        await conversation.send("before the stop")
        edge.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(edge.process.wait, 30) == 0
    assert [frame["reason"] for frame in frames if frame["type"] == "reconnect"] == ["restarting"]
