"""Any process may be killed under traffic: nothing accepted is lost, doubled or left unanswered."""

import asyncio
import random

import pytest

from cli.lag import consumers
from tests.faults.traffic import LONG_SECONDS, Load, Traffic
from tests.faults.trial import Trial, in_thread

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]

SENDS = 20_000

QUICK = ("kafka", "nlp")
EVERY = ("kafka", "postgres", "valkey", "edge-ws", "gateway", *consumers())


@pytest.mark.parametrize("process", QUICK)
async def test_killed_under_traffic(trial: Trial, process: str) -> None:
    """Every accepted message is stored once, answered once and seen once."""
    await trial.run("P1", f"kill -9 {process}", in_thread(trial.stack.kill, process))


@pytest.mark.slow
async def test_every_process_killed(trial: Trial) -> None:
    """One after the other, in any order, each as soon as the one before is well again."""
    load, stack = Load(seconds=LONG_SECONDS), trial.stack
    chance = random.Random(load.seed)

    async def fault(_: Traffic) -> None:
        for process in chance.sample(EVERY, k=len(EVERY)):
            await asyncio.to_thread(stack.kill, process)
            await asyncio.to_thread(stack.wait_ready, process)
            await asyncio.sleep(chance.uniform(1, 3))

    name = f"kill -9 each of {len(EVERY)} processes, one after the other"
    await trial.run("P1", name, fault, load=load)


@pytest.mark.slow
async def test_many_messages_repeated_at_random(trial: Trial) -> None:
    """20,000 messages, many sent twice, some left in the lurch, and the edge killed on the way."""
    rate = 220.0
    # Before each message the schedule waits a little less than its share of a second.
    load = Load(people=40, rate=rate, seconds=SENDS / rate, repeats=0.2, abandons=0.05)
    attempted: list[int] = []

    async def fault(traffic: Traffic) -> None:
        await asyncio.sleep(load.seconds / 2)
        await asyncio.to_thread(trial.stack.kill, "edge-ws")
        await asyncio.sleep(load.seconds / 2)
        attempted.append(sum(len(person.attempted) for person in traffic.people))

    name = f"{SENDS:,} sends, 20 % repeated, 5 % abandoned, kill -9 edge-ws"
    verdict = await trial.run("P1", name, fault, load=load)
    assert attempted[0]
    assert verdict.accepted + attempted[0] >= SENDS
