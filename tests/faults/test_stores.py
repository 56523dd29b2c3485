"""A store is away: what people say is kept on the log, and nobody's words are dead-lettered."""

import asyncio

import pytest

from cli.kafka import log_reader, partitions_of
from schemas.topics import dead_letter_topics
from tests.faults.traffic import Traffic
from tests.faults.trial import Trial
from tests.stack import Stack

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

OUTAGES = [8, pytest.param(60, marks=pytest.mark.slow)]
LIVELY_SECONDS = 3.0


async def dead_letters(stack: Stack) -> int:
    """Return how many records stand on all dead-letter topics."""
    places = await partitions_of(stack.bootstrap_servers, list(dead_letter_topics()))
    async with log_reader(stack.bootstrap_servers) as reader:
        return sum((await reader.end_offsets(places)).values())


@pytest.mark.parametrize("seconds", OUTAGES)
async def test_the_database_is_away(trial: Trial, seconds: int) -> None:
    """Consumers wait, the edge goes on accepting, and nothing goes to a dead-letter topic."""
    stack = trial.stack
    before = await dead_letters(stack)

    async def fault(_: Traffic) -> None:
        await asyncio.to_thread(stack.hold, "postgres")
        try:
            await asyncio.sleep(seconds)
        finally:
            await asyncio.to_thread(stack.release, "postgres")

    verdict = await trial.run("P5", f"PostgreSQL stopped {seconds} s", fault)
    assert verdict.longest_pause <= LIVELY_SECONDS
    assert await dead_letters(stack) == before


@pytest.mark.slow
async def test_valkey_is_away(trial: Trial) -> None:
    """Who is connected goes on talking and hearing as if nothing had happened."""
    stack = trial.stack

    async def fault(_: Traffic) -> None:
        await asyncio.to_thread(stack.hold, "valkey")
        try:
            await asyncio.sleep(30)
        finally:
            await asyncio.to_thread(stack.release, "valkey")

    verdict = await trial.run("P6", "Valkey stopped 30 s", fault)
    assert verdict.longest_pause <= LIVELY_SECONDS
