"""What the tests of the assistant's routes share: a second gateway, people, looks at metrics."""

import asyncio
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import redis
from prometheus_client.parser import text_string_to_metric_families

from tests.stack import Stack

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
READY_SECONDS = 60.0
LEASES = "{ai-replies}:lease:*"
# Of the second gateway: quick, so that what takes a lease's lifetime takes seconds.
DEADLINE_SECONDS = 2.0
LEASE_SECONDS = 2.0


@dataclass
class Gateway:
    """A gateway beside the stack's own, on the same database, log and Valkey."""

    url: str
    process: subprocess.Popen[bytes]

    def pause(self) -> None:
        """Freeze it."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self.process.send_signal(signal.SIGCONT)


@contextmanager
def second_gateway(stack: Stack, **changes: str) -> Iterator[Gateway]:
    """Run another replica, and end it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PARLEY_HTTP__PORT": str(port),
        "PARLEY_INSTANCE": f"second-{port}",
        "PARLEY_KAFKA__BOOTSTRAP_SERVERS": stack.bootstrap_servers,
        "PARLEY_DATABASE_URL": stack.database_url("gateway"),
        "PARLEY_VALKEY_URL": stack.valkey_url,
        "PARLEY_AUTH__PRIVATE_KEY_FILE": str(stack.folder.secrets / "auth-private.pem"),
        "PARLEY_AUTH__COOKIE_SECURE": "false",
        "PARLEY_INTERNAL_TOKEN": stack.internal_token,
        "PARLEY_AI__DEADLINE": f"PT{DEADLINE_SECONDS:.0f}S",
        "PARLEY_AI__LEASE": f"PT{LEASE_SECONDS:.0f}S",
        "PYTHONPATH": str(ROOT),
    }
    process = subprocess.Popen([sys.executable, "-m", "gateway"], env=environment | changes)
    gateway = Gateway(f"http://127.0.0.1:{port}", process)
    try:
        until(lambda: _answers(gateway), "the second gateway is not ready")
        yield gateway
    finally:
        gateway.resume()
        process.terminate()
        process.wait(timeout=30)


def until(holds: Callable[[], bool], complaint: str, seconds: float = READY_SECONDS) -> None:
    """Wait for something that is asked for again and again."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, complaint
        time.sleep(0.1)


def _answers(gateway: Gateway) -> bool:
    try:
        ready = httpx2.get(f"{gateway.url}/health/ready", trust_env=False).status_code
    except httpx2.TransportError:
        return False
    return ready == httpx2.codes.OK and metric(gateway.url, "chat_ai_reply_lease") == 1.0


def metric(url: str, name: str, **labels: str) -> float:
    """Return a metric of a process, summed over the labels that are not given."""
    text = httpx2.get(f"{url}/metrics", trust_env=False).text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def nlp_url(stack: Stack) -> str:
    """Return where the stack's assistant answers probes."""
    return f"http://127.0.0.1:{stack.running.state.ports['nlp']}"


def leases(stack: Stack) -> dict[str, str]:
    """Return every lease that is held: key and fence."""
    with redis.Redis.from_url(stack.valkey_url, decode_responses=True) as client:
        return {key: str(client.get(key)) for key in client.scan_iter(LEASES)}


@asynccontextmanager
async def somebody(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Give a client of somebody with a new account."""
    async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as client:
        body = {"email": f"{time.monotonic_ns()}@example.org", "password": PASSWORD, "name": "Ada"}
        answer = await client.post("/api/auth/register", json=body)
        assert answer.status_code == httpx2.codes.CREATED, answer.text
        client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
        yield client


async def answered(client: httpx2.AsyncClient, seconds: float = 60.0) -> None:
    """Return once the assistant answers this client."""
    deadline = time.monotonic() + seconds
    while True:
        answer = await client.post("/api/ai/sentiment", json={"text": "thank you"})
        if answer.status_code == httpx2.codes.OK:
            return
        assert time.monotonic() < deadline, answer.text
        await asyncio.sleep(0.2)
