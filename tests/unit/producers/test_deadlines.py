"""Waits end when their time has come, in their order, and hold up nobody when it is over early."""

import asyncio

from producers.deadlines import Deadlines, end


async def test_every_wait_ends_at_its_own_time() -> None:
    """A later one is not ended with an earlier one, nor kept waiting by it."""
    deadlines = Deadlines(0.05)
    loop = asyncio.get_running_loop()
    started = loop.time()
    first = deadlines.wait()
    await asyncio.sleep(0.03)
    second = deadlines.wait()
    await first
    assert loop.time() - started >= 0.05
    assert not second.done()
    await second
    assert loop.time() - started >= 0.08


async def test_what_ended_early_stays_ended_and_the_next_are_timed() -> None:
    """The timer passes over what is done, and starts again for who comes after a silence."""
    deadlines = Deadlines(0.02)
    early = deadlines.wait()
    end(early)
    await early
    await asyncio.sleep(0.04)
    late = deadlines.wait()
    await asyncio.wait_for(late, 1)


async def test_closing_ends_every_wait() -> None:
    """Nobody waits for a publisher that is gone."""
    deadlines = Deadlines(60)
    waits = [deadlines.wait() for _ in range(3)]
    deadlines.close()
    assert all(wait.done() for wait in waits)
