"""Mechanisms taken out of the real stack, one at a time: the harness goes red for each."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from tests.faults.promises import Ledger
from tests.faults.proxy import Proxy
from tests.faults.sabotage import Failpoint
from tests.faults.sabotage_edge import Mutation
from tests.faults.traffic import Load, Traffic
from tests.faults.trial import Trial
from tests.stack import Stack, started

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(400)]

PATIENCE = 5.0
CUTS = 10


@pytest.fixture(scope="module")
def mutable() -> Iterator[Stack]:
    """Give a stack from which mechanisms can be taken; nothing else may be proved with it."""
    modules = ("persistence=tests.faults.sabotage", "edge-ws=tests.faults.sabotage_edge")
    options = [f"--module={each}" for each in modules]
    with started(infrastructure_only=False, options=options) as running:
        yield running


@pytest.fixture
def trial(mutable: Stack) -> Trial:
    """Give a trial whose outcomes are nobody's promise."""
    return Trial(mutable, Ledger())


async def test_a_commit_before_the_work(trial: Trial) -> None:
    """What was committed and not worked is missing from the tables, and from `parley verify`."""

    async def fault(_: Traffic) -> None:
        before = trial.stack.restarts("persistence")
        trial.stack.process("persistence").send_signal(Failpoint.COMMIT_FIRST)
        await asyncio.to_thread(trial.stack.wait_restarted, "persistence", before)

    verdict = await trial.outcome(fault, Load(), patience=PATIENCE)
    assert verdict.lost or verdict.unanswered
    assert verdict.log_missing
    assert not verdict.kept


async def drop_second_key(stack: Stack) -> None:
    """Let a message stand in several rows, if their own keys differ."""
    connection = await asyncpg.connect(stack.database_url())
    try:
        await connection.execute("alter table messages drop constraint uq_messages_message_id")
    finally:
        await connection.close()


async def test_a_skipped_key(trial: Trial) -> None:
    """What a client repeats is stored twice."""

    async def fault(_: Traffic) -> None:
        await drop_second_key(trial.stack)
        trial.stack.process("persistence").send_signal(Failpoint.SKIP_KEY)
        await asyncio.sleep(5)

    verdict = await trial.outcome(fault, Load(repeats=0.5), patience=PATIENCE)
    trial.stack.process("persistence").send_signal(Failpoint.SKIP_KEY)
    assert verdict.doubled
    assert not verdict.kept


async def test_a_dropped_ring_entry(trial: Trial) -> None:
    """Who was away for a moment has a gap that nobody told them of."""
    address = urlsplit(trial.stack.socket_url)
    assert address.hostname is not None
    assert address.port is not None
    async with Proxy(address.hostname, address.port) as proxy:

        async def fault(_: Traffic) -> None:
            trial.stack.process("edge-ws").send_signal(Mutation.DROP_RING_ENTRIES)
            for _turn in range(CUTS):
                for link in tuple(proxy.links):
                    link.cut()
                await asyncio.sleep(1)

        url = f"ws://127.0.0.1:{proxy.port}{address.path}"
        verdict = await trial.outcome(fault, Load(), socket_url=url, patience=PATIENCE)
    trial.stack.process("edge-ws").send_signal(Mutation.DROP_RING_ENTRIES)
    assert verdict.unseen
    assert not verdict.kept


async def test_an_accept_before_the_broker_has_it(trial: Trial) -> None:
    """The edge dies with what it had promised and not handed on."""

    async def fault(_: Traffic) -> None:
        stack = trial.stack
        stack.process("edge-ws").send_signal(Mutation.ACCEPT_FIRST)
        stack.pause("kafka")
        try:
            await asyncio.sleep(2)
            await asyncio.to_thread(stack.kill, "edge-ws")
        finally:
            stack.resume("kafka")

    verdict = await trial.outcome(fault, Load(), patience=PATIENCE)
    assert verdict.lost
    assert not verdict.kept
