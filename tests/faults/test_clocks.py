"""One process after the other believes that it is tomorrow, or yesterday: nobody notices."""

import asyncio
import importlib.util
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx2
import pytest

from tests.devices import People
from tests.faults.traffic import Load, Traffic
from tests.faults.trial import Trial
from tests.stack import Stack

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400), pytest.mark.slow]

MODULES = {
    "edge-ws": "edge_ws",
    "gateway": "gateway",
    "nlp": "consumers.nlp",
    "persistence": "consumers.persistence",
}
PORTS = {"edge-ws": "PARLEY_HTTP__PORT", "gateway": "PARLEY_HTTP__PORT"}
DAYS = ("+1d", "-1d")
READY_SECONDS = 90.0
TALKING_SECONDS = 8.0
STOP_SECONDS = 15.0
NEAR = timedelta(seconds=60)
_STAMPS = """
select question.occurred_at as asked, question.event_id as asking,
    answer.occurred_at as answered, answer.event_id as answering
from messages as answer join messages as question on question.message_id = answer.in_reply_to
where answer.conversation_id = any($1::uuid[])
"""


def faketime() -> Path:
    """Return the library that makes a process believe in another time."""
    spec = importlib.util.find_spec("libfaketime")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "vendor" / "libfaketime" / "src" / "libfaketime.so.1"


@asynccontextmanager
async def held(stack: Stack, name: str) -> AsyncIterator[Mapping[str, str]]:
    """Leave the place of an honest process free; give what it was told of its surroundings."""
    environment = stack.process(name).environ()
    await asyncio.to_thread(stack.hold, name)
    try:
        yield environment
    finally:
        await asyncio.to_thread(stack.release, name)


@asynccontextmanager
async def living_in(
    day: str, name: str, honest: Mapping[str, str], log: Path
) -> AsyncIterator[None]:
    """Put a process that lives a day ahead or behind in the place that is free."""
    environment = {
        **honest,
        "LD_PRELOAD": str(faketime()),
        "FAKETIME": day,
        # Timers go on as they should: a clock that was set wrong, not a machine that jumps.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with log.open("ab") as written:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", MODULES[name], env=environment, stdout=written, stderr=written
        )
    try:
        port = environment[PORTS.get(name, "PARLEY_HEALTH__PORT")]
        await _ready(f"http://127.0.0.1:{port}/health/ready", process)
        yield
    finally:
        await _stopped(process)


async def _stopped(process: Process) -> None:
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_SECONDS)
    except TimeoutError:
        # The library shifts some timed waits of threads too; being killed has to be borne anyway.
        process.kill()
        await process.wait()


async def _ready(url: str, process: Process) -> None:
    async with asyncio.timeout(READY_SECONDS), httpx2.AsyncClient(trust_env=False) as http:
        while True:
            assert process.returncode is None, "the process did not start"
            try:
                answer = await http.get(url)
                if answer.is_success:
                    # The very clock that is tried here: uvicorn's answers carry it.
                    return _is_far_off(answer.headers["date"])
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.1)


def _is_far_off(date: str) -> None:
    told = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    assert abs(told - datetime.now(UTC)) > timedelta(hours=23), "the clock is not wrong"


async def ordered(stack: Stack, traffic: Traffic) -> int:
    """Hold every answer to a place behind its question, near the true time; return how many."""
    conversations = [person.conversation.id for person in traffic.people]
    connection = await asyncpg.connect(stack.database_url())
    try:
        rows = await connection.fetch(_STAMPS, conversations)
    finally:
        await connection.close()
    now = datetime.now(UTC)
    for row in rows:
        assert (row["asked"], row["asking"]) < (row["answered"], row["answering"])
        assert row["answered"] <= now + NEAR
        assert row["asked"] >= now - timedelta(minutes=10)
    return len(rows)


@pytest.mark.parametrize("name", MODULES)
async def test_a_clock_is_a_day_off(trial: Trial, name: str) -> None:
    """Everything is stored and answered in order, and the same tokens open the same doors."""
    stack, people = trial.stack, People(trial.stack)
    talked: list[Traffic] = []

    async def fault(traffic: Traffic) -> None:
        talked.append(traffic)
        log = stack.folder.log(f"{name}-faked")
        async with held(stack, name) as honest:
            for day in DAYS:
                async with living_in(day, name, honest, log):
                    # Signed in by a gateway of one day at an edge of another.
                    [device] = await people.person(1)
                    await device.opened()
                    assert await device.profile() == 200
                    await asyncio.sleep(TALKING_SECONDS)

    fate = f"{name} lives {DAYS[0]}, then {DAYS[1]}"
    try:
        verdict = await trial.run("P23", fate, fault, load=Load(rate=15))
    finally:
        await people.leave()
    assert await ordered(stack, talked[0]) == verdict.accepted
