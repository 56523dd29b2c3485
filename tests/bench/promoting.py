"""Versions change under load: how soon two replicas follow, and whether anybody goes without."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psutil

from infra.embedded.ports import any_free_port
from infra.embedded.probes import http_probe
from tests.bench.stack import BenchError, MeasuredStack
from tests.bench.topics import Answered

REPLICAS = 2
TURNS = 6
EVERY_SECONDS = 5.0
READY_SECONDS = 120.0
TRAINED_SECONDS = 300.0
STOP_SECONDS = 30.0
_THINGS = ("garden", "violin")
_EXAMPLES = [
    {"text": f"tell me about the {thing} number {number}", "intent": f"about_{thing}"}
    for thing in _THINGS
    for number in range(20)
]


@dataclass(frozen=True)
class Switch:
    """One change of the version that answers."""

    at: float
    """Just before it was asked for, in seconds since 1970."""
    to: str


class Versions:
    """The registry of models, as an admin uses it."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    async def trained(self) -> str:
        """Train a version that knows two intents more; return its name."""
        body = {"examples": _EXAMPLES, "extend": True, "note": "bench"}
        job = (await self._said("POST", "/api/ai/train", body))["jobId"]
        async with asyncio.timeout(TRAINED_SECONDS):
            while (found := await self._said("GET", f"/api/ai/train/{job}"))["version"] is None:
                if found["status"] in {"failed", "cancelled"}:
                    raise BenchError(f"the training job has {found['status']}")
                await asyncio.sleep(0.5)
        version = str(found["version"])
        async with asyncio.timeout(TRAINED_SECONDS):
            while (await self._http.get(f"/api/ai/models/{version}")).is_error:
                await asyncio.sleep(0.1)
        return version

    async def switch(self, version: str) -> list[Switch]:
        """Promote a version and take it back, by turns."""
        switches = []
        for turn in range(TURNS):
            await asyncio.sleep(EVERY_SECONDS)
            at = time.time()
            path = "rollback" if turn % 2 else f"{version}/promote"
            said = await self._said("POST", f"/api/ai/models/{path}")
            switches.append(Switch(at, str(said["version"]).removeprefix("knowledge-")))
        return switches

    async def _said(self, method: str, path: str, body: object = None) -> dict[str, object]:
        answer = await self._http.request(method, path, json=body)
        if answer.is_error:
            raise BenchError(f"{method} {path}: {answer.status_code} {answer.text}")
        found: dict[str, object] = answer.json()
        return found


@asynccontextmanager
async def versions_of(stack: MeasuredStack) -> AsyncIterator[Versions]:
    """Give the stack's registry."""
    running = stack.running
    token = {"Authorization": f"Bearer {running.credentials.internal_token}"}
    async with httpx2.AsyncClient(base_url=running.url, headers=token, timeout=30) as http:
        yield Versions(http)


@asynccontextmanager
async def second_replica(stack: MeasuredStack) -> AsyncIterator[None]:
    """Run one more assistant while the block lasts, with a folder for models of its own."""
    port = any_free_port(())
    with tempfile.TemporaryDirectory(prefix="parley-bench-") as folder:
        environment = psutil.Process(stack.running.state.processes["nlp"].pid).environ() | {
            "PARLEY_HEALTH__PORT": str(port),
            "PARLEY_INSTANCE": "second",
            "PARLEY_NLP__MODEL_DIR": folder,
        }
        with (Path(folder) / "log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "consumers.nlp", env=environment, stdout=log, stderr=log
            )
        try:
            ready = http_probe(port, "/health/ready")
            async with asyncio.timeout(READY_SECONDS):
                while not await ready():
                    await asyncio.sleep(0.2)
            yield
        finally:
            process.terminate()
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()


def slowest_follower(switches: Sequence[Switch], answers: Sequence[Answered]) -> float:
    """
    Return for how many seconds after a switch a replica still answered with another version.

    Raises:
        BenchError: a replica gave no answer with the version that was asked for.
    """
    ends = [*(switch.at for switch in switches[1:]), switches[-1].at + EVERY_SECONDS]
    late = 0.0
    for switch, end in zip(switches, ends, strict=True):
        given = [answer for answer in answers if switch.at <= answer.at < end]
        followed = {answer.replica for answer in given if switch.to in answer.versions}
        if len(followed) < REPLICAS:
            raise BenchError(f"{len(followed)} replicas answered with {switch.to}")
        stale = [answer.at - switch.at for answer in given if switch.to not in answer.versions]
        late = max(late, *stale, 0.0)
    return late
