"""A store is away: what people say is kept on the log, and nobody's words are dead-lettered."""

import asyncio
import time
from contextlib import AsyncExitStack
from uuid import uuid4

import asyncpg
import pytest

from parley_client import Chat, ParleyClient, RestError, SocketClosedError
from tests.faults.measures import Measure
from tests.faults.traffic import LONG_SECONDS, Load, Traffic
from tests.faults.trial import Trial
from tests.stack import Stack

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(400)]

OUTAGE_SECONDS = 60
EXHAUSTED_SECONDS = 30
KILLS = 3
LIVELY_SECONDS = 3.0
LONG = Load(seconds=LONG_SECONDS)
PASSWORD = "correct horse battery staple"
UNAVAILABLE = 503

_OTHERS = """
select pg_terminate_backend(pid) from pg_stat_activity
where usename <> current_user and backend_type = 'client backend'
"""


def lively(traffic: Traffic) -> Measure:
    """Return that people were accepted all the time."""
    return Measure("longest pause", traffic.longest_pause, LIVELY_SECONDS)


async def test_the_database_is_away(trial: Trial) -> None:
    """Consumers wait, the edge goes on accepting, and nothing goes to a dead-letter topic."""
    stack, measures = trial.stack, list[Measure]()

    async def fault(traffic: Traffic) -> None:
        await asyncio.to_thread(stack.hold, "postgres")
        try:
            await asyncio.sleep(OUTAGE_SECONDS)
        finally:
            await asyncio.to_thread(stack.release, "postgres")
        measures.append(lively(traffic))

    await trial.run(
        "P5", f"PostgreSQL stopped {OUTAGE_SECONDS} s", fault, load=LONG, measures=measures
    )


async def test_the_database_dies(trial: Trial) -> None:
    """Killed without a warning, in the middle of transactions, three times."""
    stack, measures = trial.stack, list[Measure]()

    async def fault(traffic: Traffic) -> None:
        for _turn in range(KILLS):
            await asyncio.to_thread(stack.kill, "postgres")
            await asyncio.to_thread(stack.wait_ready, "postgres")
            await asyncio.sleep(3)
        measures.append(lively(traffic))

    await trial.run("P5", f"kill -9 PostgreSQL, {KILLS} times", fault, load=LONG, measures=measures)


async def exhaust(stack: Stack, held: AsyncExitStack) -> int:
    """Take every connection that the server has, also those that others had; return how many."""
    taken = 0
    first = await asyncpg.connect(stack.database_url())
    held.push_async_callback(first.close)
    while True:
        await first.execute(_OTHERS)
        try:
            connection = await asyncpg.connect(stack.database_url())
        except asyncpg.TooManyConnectionsError:
            return taken
        held.push_async_callback(connection.close)
        taken += 1


async def test_the_database_is_full(trial: Trial) -> None:
    """With every connection taken consumers wait as in an outage, and come back by themselves."""
    stack, measures = trial.stack, list[Measure]()
    refused: list[str] = []

    async def fault(traffic: Traffic) -> None:
        async with AsyncExitStack() as held:
            assert await exhaust(stack, held)
            until = time.monotonic() + EXHAUSTED_SECONDS
            while time.monotonic() < until:
                try:
                    await asyncpg.connect(stack.database_url("persistence"))
                except asyncpg.TooManyConnectionsError as error:
                    refused.append(type(error).__name__)
                await asyncio.sleep(1)
        measures.append(lively(traffic))

    name = f"PostgreSQL's connections exhausted {EXHAUSTED_SECONDS} s"
    await trial.run("P5", name, fault, load=LONG, measures=measures)
    assert len(refused) >= EXHAUSTED_SECONDS / 2


async def answer_of(asked: object) -> int:
    """Return the HTTP status of a request that fails."""
    try:
        await asked  # type: ignore[misc]
    except RestError as error:
        return error.status
    return 200


async def refusals(stack: Stack, account: ParleyClient, email: str) -> set[object]:
    """Return how somebody is refused who wants in: by password, for a ticket, with a ticket."""
    refused: set[object] = {await answer_of(account.socket_ticket())}
    async with ParleyClient(stack.url) as stranger:
        refused.add(await answer_of(stranger.login(email, PASSWORD)))

    async def with_ticket() -> tuple[str, dict[str, str]]:
        return stack.socket_url, {"ticket": "of-yesterday"}

    try:
        async with asyncio.timeout(5), Chat(with_ticket):
            refused.add("let in")
    except TimeoutError:
        refused.add(UNAVAILABLE)  # Closed with "cannot sign in now", again and again.
    except SocketClosedError as error:
        refused.add(error.code)
    return refused


async def test_valkey_is_away(trial: Trial) -> None:
    """Who is connected goes on as if nothing had happened; nobody new is let in unchecked."""
    stack, measures = trial.stack, list[Measure]()
    email = f"{uuid4().hex}@example.org"
    refused: set[object] = set()
    opened: set[int] = set()

    async def fault(traffic: Traffic) -> None:
        async with ParleyClient(stack.url) as account:
            await account.register(email, PASSWORD, "Ada")
            await asyncio.to_thread(stack.hold, "valkey")
            try:
                until = time.monotonic() + OUTAGE_SECONDS
                while time.monotonic() < until:
                    refused.update(await refusals(stack, account, email))
                    await asyncio.sleep(1)
            finally:
                await asyncio.to_thread(stack.release, "valkey")
            async with asyncio.timeout(30):
                while await answer_of(account.socket_ticket()) != 200:
                    await asyncio.sleep(0.5)
        opened.update(person.chat.connections for person in traffic.people)
        measures.append(lively(traffic))

    await trial.run("P6", f"Valkey stopped {OUTAGE_SECONDS} s", fault, load=LONG, measures=measures)
    assert refused == {UNAVAILABLE}, refused
    assert opened == {1}
