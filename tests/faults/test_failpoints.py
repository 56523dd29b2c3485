"""Consumers fail at chosen points: between two commits, frozen, slow, with a defect."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from uuid import UUID

import asyncpg
import pytest

from cli.kafka import committed
from runtime.kafka import SESSION_TIMEOUT_MS
from schemas import ids
from schemas.topics import Lane, Topic, group_of
from tests.faults.log import dead_letters, positions_of, taken_over
from tests.faults.measures import Measure
from tests.faults.promises import Ledger
from tests.faults.sabotage import MARK, Failpoint
from tests.faults.traffic import LONG_SECONDS, Load, Person, Traffic
from tests.faults.trial import PATIENCE, Trial
from tests.stack import Stack, started

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(400)]

TAKEOVER_SECONDS = SESSION_TIMEOUT_MS / 1_000 + 10
DEATHS = 5
STOPS = 4
SABOTAGED = ("persistence", "nlp")
REPLACED_SECONDS = 60.0
DEFECTS = 6
LANE = Lane(Topic.CHAT_MESSAGES, "persistence")


@pytest.fixture(scope="module")
def sabotaged() -> Iterator[Stack]:
    """Give a stack whose persistence and nlp have failpoints."""
    modules = [f"--module={each}=tests.faults.sabotage" for each in SABOTAGED]
    with started(infrastructure_only=False, options=modules) as running:
        yield running


@pytest.fixture
def trial(sabotaged: Stack, ledger: Ledger) -> Trial:
    """Give a trial on it."""
    return Trial(sabotaged, ledger)


def arm(stack: Stack, consumer: str, failpoint: Failpoint) -> None:
    """Send the signal."""
    stack.process(consumer).send_signal(failpoint)


async def test_killed_between_the_commits(trial: Trial) -> None:
    """The database has the batch, Kafka does not know it: the next member works nothing twice."""
    stack, measures = trial.stack, list[Measure]()

    async def fault(_: Traffic) -> None:
        took = []
        for _turn in range(DEATHS):
            await asyncio.to_thread(stack.wait_ready, "persistence")
            before, dying = stack.restarts("persistence"), stack.process("persistence")
            arm(stack, "persistence", Failpoint.DIE_BETWEEN_COMMITS)
            await asyncio.to_thread(dying.wait, PATIENCE)
            died_at = time.monotonic()
            await asyncio.to_thread(stack.wait_restarted, "persistence", before)
            took.append(await taken_over(stack, "persistence", died_at))
        measures.append(Measure("takeover", max(took), TAKEOVER_SECONDS))

    name = f"killed between the database's commit and Kafka's, {DEATHS} times"
    await trial.run("P2", name, fault, load=Load(seconds=LONG_SECONDS), measures=measures)


async def test_frozen_loops_are_replaced(trial: Trial) -> None:
    """The processes live, their loops do not: the probe says so, and others take their place."""
    stack, measures = trial.stack, list[Measure]()

    async def fault(_: Traffic) -> None:
        before, began = {each: stack.restarts(each) for each in SABOTAGED}, time.monotonic()
        for each in SABOTAGED:
            arm(stack, each, Failpoint.FREEZE)
        for each in SABOTAGED:
            await asyncio.to_thread(stack.wait_restarted, each, before[each])
        measures.append(Measure("noticed", time.monotonic() - began, REPLACED_SECONDS))

    name = f"event loops of {' and '.join(SABOTAGED)} frozen until they are replaced"
    load = Load(rate=10, seconds=LONG_SECONDS)
    await trial.run("P16", name, fault, load=load, measures=measures)


async def test_asked_to_go_while_it_works(trial: Trial) -> None:
    """What is under way when SIGTERM comes is finished or begun anew, and never only committed."""
    stack = trial.stack
    ahead: list[object] = []

    async def fault(_: Traffic) -> None:
        for _turn in range(STOPS):
            await asyncio.to_thread(stack.wait_ready, "persistence")
            before = stack.restarts("persistence")
            arm(stack, "persistence", Failpoint.SLOW)
            await asyncio.sleep(5)
            stack.process("persistence").terminate()
            await asyncio.to_thread(stack.wait_restarted, "persistence", before)
            group = group_of("persistence")
            told = (await committed(stack.bootstrap_servers, [group]))[group]
            kept = await positions_of(stack, "persistence")
            ahead.extend(place for place, offset in told.items() if offset > kept.get(place, 0))

    name = f"SIGTERM persistence, each batch taking 2 s, {STOPS} times"
    await trial.run("P17", name, fault, load=Load(seconds=LONG_SECONDS))
    assert not ahead


async def redrive(stack: Stack, person: Person, *arguments: str) -> str:
    """Put this person's dead letters back, as an operator does; return what was printed."""
    words = ("dlq", "redrive", LANE.dead_letters, "--key", str(person.conversation.id))
    command = [sys.executable, "-m", "cli.main", *words, "--yes", *arguments]
    command += ["--data", str(stack.folder.root)]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


async def stored_in_order(stack: Stack, person: Person, said: Sequence[UUID]) -> bool:
    """Whether these are all of a person's marked messages, none stored before one said earlier.

    Rows of one transaction have no order: PostgreSQL puts them where there is room.
    """
    query = """
        select message_id, xmin::text::bigint as transaction from messages
        where conversation_id = $1 and text like $2
    """
    connection = await asyncpg.connect(stack.database_url())
    try:
        rows = await connection.fetch(query, person.conversation.id, f"{MARK}%")
    finally:
        await connection.close()
    stored = {row["message_id"]: row["transaction"] for row in rows}
    order = [stored.pop(each, -1) for each in said]
    return not stored and -1 not in order and order == sorted(order)


async def audited(stack: Stack) -> int:
    """Return how often the audit says that this lane was redriven."""
    query = "select count(*) from admin_logs where target_id = $1 and action = 'dlq.redriven'"
    connection = await asyncpg.connect(stack.database_url())
    try:
        return int(await connection.fetchval(query, ids.topic_id(LANE.dead_letters)))
    finally:
        await connection.close()


async def test_redriven_twice_while_consumers_run(trial: Trial) -> None:
    """What a defect buried is stored once and in its order, however often it is put back."""
    stack = trial.stack
    said: list[UUID] = []
    talker: list[Person] = []

    async def fault(traffic: Traffic) -> None:
        person = traffic.people[0]
        talker.append(person)
        letters = await dead_letters(stack)
        arm(stack, "persistence", Failpoint.REFUSE_MARKED)
        for number in range(DEFECTS):
            said.append(await person.say(f"{MARK} {number}"))
            traffic.said += 1
        async with asyncio.timeout(60):
            while await dead_letters(stack) < letters + DEFECTS:
                await asyncio.sleep(0.5)
        arm(stack, "persistence", Failpoint.REFUSE_MARKED)
        assert f"redriven: {DEFECTS} records;" in await redrive(stack, person)
        assert f"redriven already: {DEFECTS} records" in await redrive(stack, person)
        assert f"redriven: {DEFECTS} records;" in await redrive(stack, person, "--again")

    name = f"{DEFECTS} messages buried by a defect, redriven, again, and again by force"
    load = Load(seconds=LONG_SECONDS)
    await trial.run("P13", name, fault, load=load, poison=lambda: DEFECTS)
    assert await stored_in_order(stack, talker[0], said)
    assert await audited(stack) == 2
