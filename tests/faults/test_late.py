"""The assistant is away for longer than people wait: they are told, and late work is dropped."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import urlopen

import pytest

from infra.embedded.ports import any_free_port
from infra.embedded.probes import http_probe
from tests.faults.traffic import Load, Traffic
from tests.faults.trial import Trial
from tests.stack import Stack

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(400)]

AWAY_SECONDS = 60
TOLD_WITHIN = 1.0
PATIENCE_SECONDS = 5


@contextmanager
def impatient_edge(stack: Stack) -> Iterator[tuple[int, str]]:
    """Run one more edge, whose people wait a few seconds only; give its port and its address."""
    port = any_free_port(())
    environment = stack.process("edge-ws").environ() | {
        "PARLEY_HTTP__PORT": str(port),
        "PARLEY_INSTANCE": "edge-impatient",
        "PARLEY_ANSWER_WITHIN": f"PT{PATIENCE_SECONDS}S",
    }
    with stack.folder.log("edge-impatient").open("ab") as log:
        command = [sys.executable, "-m", "edge_ws"]
        edge = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield port, f"ws://127.0.0.1:{port}/ws"
    finally:
        edge.terminate()
        edge.wait(30)


async def dropped_late(stack: Stack) -> float:
    """Return how much the assistant has dropped, as it counts itself."""
    port = stack.process("nlp").environ()["PARLEY_HEALTH__PORT"]
    with await asyncio.to_thread(urlopen, f"http://127.0.0.1:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    counts = [line for line in lines if line.startswith("chat_late_dropped_total{")]
    return sum(float(line.rpartition(" ")[2]) for line in counts)


async def test_nobody_answers_in_time(trial: Trial) -> None:
    """Who asks is told at the deadline, by nobody's help; the work is dropped and counted."""
    stack, people = trial.stack, []

    async def fault(traffic: Traffic) -> None:
        people.extend(traffic.people)
        await asyncio.to_thread(stack.hold, "nlp")
        try:
            await asyncio.sleep(AWAY_SECONDS)
        finally:
            await asyncio.to_thread(stack.release, "nlp")

    with impatient_edge(stack) as (port, url):
        ready = http_probe(port, "/health/ready")
        async with asyncio.timeout(60):
            while not await ready():
                await asyncio.sleep(0.1)
        await trial.run(
            "P14", f"nlp stopped {AWAY_SECONDS} s", fault, load=Load(rate=10), socket_url=url
        )
    told = {each: at for person in people for each, at in person.told.items()}
    deadlines = {each: at for person in people for each, at in person.deadlines.items()}
    declined = set().union(*(person.declined for person in people))
    assert declined, "nothing was late"
    assert declined <= told.keys()
    assert max(told[each] - deadlines[each] for each in told) <= TOLD_WITHIN
    assert not declined & set().union(*(person.answered for person in people))
    assert await dropped_late(stack) == len(declined)
