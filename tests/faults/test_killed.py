"""Any process may be killed under traffic: nothing accepted is lost, doubled or left unanswered."""

import asyncio

import pytest

from tests.faults.judge import judge
from tests.faults.traffic import Load, Traffic
from tests.stack import Stack

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]

SEED = 20261123
BEFORE_THE_FAULT = 3.0
PROCESSES = (
    "kafka",
    "postgres",
    "valkey",
    "nlp",
    "persistence",
    "edge-ws",
    "gateway",
)


@pytest.mark.parametrize("process", PROCESSES)
async def test_killed_under_traffic(stack: Stack, process: str) -> None:
    """Every accepted message is stored once, answered once and seen once."""
    load = Load(seed=SEED)
    async with Traffic(stack, load) as traffic:
        talking = asyncio.create_task(traffic.run())
        await asyncio.sleep(BEFORE_THE_FAULT)
        await asyncio.to_thread(stack.kill, process)
        await talking
        await traffic.all_answered(patience=90)
        verdict = await judge(stack, traffic)
    await asyncio.to_thread(stack.wait_ready, process)
    print(f"\nseed {load.seed}, {process} killed: {verdict}")  # noqa: T201 - the run's report
    assert verdict.accepted == int(load.rate * load.seconds)
    assert verdict.kept, verdict
