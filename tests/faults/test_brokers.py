"""The log stalls or loses its leaders: never a false `accepted`, and all recover alone."""

import asyncio
import time
from collections import Counter

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from schemas.topics import Topic
from tests.exploring import lengths
from tests.faults.measures import Measure
from tests.faults.promises import Ledger
from tests.faults.traffic import LONG_SECONDS, Load, Traffic
from tests.faults.trial import Trial
from tests.faults.witness import ANSWER_SECONDS, witness_of
from tests.stack import started

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

BROKERS = 3
LEADERS = 5
"""So many are killed, one after the other."""
IN_SYNC_SECONDS = 60.0
KILLED_SECONDS = 15.0
LEADER_PAUSE_SECONDS = 30.0
STALLS = lengths(8, 30)


@pytest.mark.parametrize("seconds", STALLS)
async def test_a_stalled_broker(trial: Trial, seconds: int) -> None:
    """People are told `unknown` or `busy` within 5 s; no process needs a restart."""
    stack = trial.stack
    names = [name for name in stack.running.state.processes if name not in {"topics", "migrations"}]
    before = {name: stack.restarts(name) for name in names}
    statuses: set[str] = set()
    measures: list[Measure] = []

    async def fault(_: Traffic) -> None:
        async with witness_of(stack) as witness:
            stack.pause("kafka")
            try:
                until = time.monotonic() + seconds
                while time.monotonic() < until - ANSWER_SECONDS:
                    await witness.say()
                await asyncio.sleep(until - time.monotonic())
            finally:
                stack.resume("kafka")
            statuses.update(witness.statuses)
            measures.append(Measure("slowest answer", witness.slowest, ANSWER_SECONDS))

    name = f"SIGSTOP kafka {seconds} s"
    load = Load(rate=15, seconds=2.0 * seconds)
    await trial.run("P3", name, fault, load=load, measures=measures)
    assert statuses <= {"unknown", "busy"}, statuses
    assert {name: stack.restarts(name) for name in names} == before


@pytest.mark.slow
async def test_a_killed_broker(trial: Trial) -> None:
    """Killed and started again: nobody waits longer than the deadline for an honest answer."""
    stack, measures = trial.stack, list[Measure]()
    statuses: set[str] = set()

    async def fault(_: Traffic) -> None:
        async with witness_of(stack) as witness:
            for _turn in range(2):
                killing = asyncio.create_task(asyncio.to_thread(stack.kill, "kafka"))
                until = time.monotonic() + KILLED_SECONDS
                while time.monotonic() < until:
                    await witness.say()
                    await asyncio.sleep(0.05)
                await killing
                await asyncio.to_thread(stack.wait_ready, "kafka")
            statuses.update(witness.statuses)
            measures.append(Measure("slowest answer", witness.slowest, ANSWER_SECONDS))

    load = Load(seconds=LONG_SECONDS)
    await trial.run(
        "P3", "kill -9 kafka, started again, twice", fault, load=load, measures=measures
    )
    assert statuses <= {"accepted", "unknown", "busy"}, statuses


@pytest.mark.slow
async def test_sockets_survive_a_stalled_broker(trial: Trial) -> None:
    """With frames queued behind a frozen broker no socket is closed: readers never wait."""
    stack = trial.stack
    opened: list[int] = []

    async def fault(traffic: Traffic) -> None:
        stack.pause("kafka")
        try:
            # Longer than a ping's interval and its deadline together.
            await asyncio.sleep(60)
        finally:
            stack.resume("kafka")
        opened.extend(person.chat.connections for person in traffic.people)

    await trial.run("P11", "SIGSTOP kafka 60 s, frames queued", fault, load=Load(rate=4))
    assert set(opened) == {1}


async def in_sync(bootstrap_servers: str, brokers: int) -> None:
    """Return when so many brokers have everything that every partition holds."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        async with asyncio.timeout(IN_SYNC_SECONDS):
            while min(await _replicas(admin)) < brokers:
                await asyncio.sleep(0.5)
    finally:
        await admin.close()


async def _replicas(admin: AIOKafkaAdminClient) -> list[int]:
    """Return of each partition how many brokers are in sync."""
    topics = await admin.describe_topics()
    return [len(partition["isr"]) for topic in topics for partition in topic["partitions"]]


async def leader_of_most(bootstrap_servers: str) -> int:
    """Return the broker that leads most of the messages' partitions now."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    await admin.start()
    try:
        [topic] = await admin.describe_topics([Topic.CHAT_MESSAGES.value])
    finally:
        await admin.close()
    leaders = Counter(int(partition["leader"]) for partition in topic["partitions"])
    [(broker, _)] = leaders.most_common(1)
    return broker


@pytest.mark.slow
async def test_leaders_die_one_after_the_other(ledger: Ledger) -> None:
    """Of three brokers the one that leads most may die: five times, pauses of at most 30 s."""
    measures: list[Measure] = []
    with started(infrastructure_only=False, brokers=BROKERS) as stack:

        async def fault(traffic: Traffic) -> None:
            for _turn in range(LEADERS):
                name = f"kafka-{await leader_of_most(stack.bootstrap_servers)}"
                await asyncio.to_thread(stack.kill, name)
                await asyncio.to_thread(stack.wait_ready, name)
                # Ready is not yet in sync: a second loss before that would be one too many.
                await in_sync(stack.bootstrap_servers, BROKERS)
            pause = traffic.longest_pause
            measures.append(Measure("longest pause", pause, LEADER_PAUSE_SECONDS))

        name = f"kill -9 brokers of three, {LEADERS} times"
        await Trial(stack, ledger).run("P4", name, fault, load=Load(rate=15), measures=measures)
