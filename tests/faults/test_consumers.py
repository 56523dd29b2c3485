"""Consumers are killed, crowded, frozen and asked to go, while people talk."""

import asyncio
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from infra.embedded.ports import any_free_port
from tests.faults.traffic import Load, Traffic
from tests.faults.trial import Trial, in_thread
from tests.stack import Stack

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

KILLS = [2, pytest.param(5, marks=pytest.mark.slow)]
STOPS = ("nlp", "persistence", "personalization", "analytics", "edge-ws")


@contextmanager
def extra_member(stack: Stack, consumer: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run one more member of a consumer's group; it is killed, never asked."""
    environment = stack.process(consumer).environ() | {
        "PARLEY_HEALTH__PORT": str(any_free_port(())),
        "PARLEY_INSTANCE": f"{consumer}-extra",
    }
    command = [sys.executable, "-m", f"consumers.{consumer}"]
    with stack.folder.log(f"{consumer}-extra").open("ab") as log:
        member = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield member
    finally:
        member.kill()
        member.wait()


@pytest.mark.parametrize("times", KILLS)
async def test_killed_again_and_again(trial: Trial, times: int) -> None:
    """Persistence is killed as soon as it works, wherever it stands between its two commits."""
    load = Load()
    chance = random.Random(load.seed)

    async def fault(_: Traffic) -> None:
        for _turn in range(times):
            await asyncio.to_thread(trial.stack.wait_ready, "persistence")
            await asyncio.sleep(chance.uniform(0, 2))
            await asyncio.to_thread(trial.stack.kill, "persistence")

    await trial.run("P2", f"kill -9 persistence, {times} times", fault, load=load)


@pytest.mark.slow
async def test_members_come_and_go(trial: Trial) -> None:
    """A rebalance storm from 1 to 6 to 2 to 5 members loses nothing and doubles nothing."""

    async def fault(_: Traffic) -> None:
        for consumer, extras in (("persistence", 5), ("nlp", 1), ("persistence", 4)):
            with ExitStack() as members:
                for _turn in range(extras):
                    members.enter_context(extra_member(trial.stack, consumer))
                    await asyncio.sleep(1)
                await asyncio.sleep(8)
            await asyncio.sleep(8)

    await trial.run("P15", "rebalance storm: members 1, 6, 1, 5, killed", fault)


@pytest.mark.slow
@pytest.mark.parametrize("consumer", ["persistence", "nlp"])
async def test_a_frozen_consumer_is_replaced(trial: Trial, consumer: str) -> None:
    """The probe fails, the supervisor starts another, and the lag goes to 0."""
    stack = trial.stack

    async def fault(_: Traffic) -> None:
        before = stack.restarts(consumer)
        stack.pause(consumer)
        async with asyncio.timeout(90):
            while stack.restarts(consumer) == before:
                await asyncio.sleep(0.5)

    await trial.run("P16", f"SIGSTOP {consumer} until it is replaced", fault, load=Load(rate=10))


@pytest.mark.slow
@pytest.mark.parametrize("process", STOPS)
async def test_asked_to_go(trial: Trial, process: str) -> None:
    """SIGTERM under load: what was begun is finished or left whole, nothing in between."""

    def terminate() -> None:
        before = trial.stack.restarts(process)
        trial.stack.process(process).terminate()
        trial.stack.wait_restarted(process, before)

    await trial.run("P17", f"SIGTERM {process}", in_thread(terminate))
