"""Requests to the broker: at once while they are few, together while they are many."""

import asyncio
import itertools

import pytest

from runtime import pacing as module
from runtime.pacing import FREE_PER_SECOND, FULL_PER_SECOND, LONGEST_SECONDS, Pace


async def busy(pace: Pace) -> None:
    """Carry so much that requests are to be as far apart as they ever are."""
    pace.carried(int(FULL_PER_SECOND * 2))
    await pace.turn()


async def test_nobody_waits_while_there_is_little_to_carry() -> None:
    """Up to the free rate a request leaves in the same turn of the loop."""
    pace = Pace()
    pace.carried(int(FREE_PER_SECOND / 4))
    for _ in range(3):
        turn = asyncio.ensure_future(pace.turn())
        await asyncio.sleep(0)
        assert turn.done()


async def test_whoever_comes_meanwhile_leaves_together_and_in_order() -> None:
    """Under load all wait for one departure, which is not later than the longest wait."""
    pace, left = Pace(), list[int]()
    loop = asyncio.get_running_loop()
    await busy(pace)
    began = loop.time()

    async def leave(number: int) -> None:
        await pace.turn()
        left.append(number)

    leaving = [asyncio.ensure_future(leave(number)) for number in range(5)]
    await asyncio.wait(leaving, return_when=asyncio.FIRST_COMPLETED)
    assert loop.time() - began >= LONGEST_SECONDS / 2
    await asyncio.sleep(0)
    assert left == list(range(5))


async def test_departures_are_apart() -> None:
    """A second crowd waits from the first one's departure."""
    pace = Pace()
    loop = asyncio.get_running_loop()
    await busy(pace)
    times = [loop.time()]
    for _ in range(3):
        pace.carried(int(FULL_PER_SECOND * 2))
        await asyncio.gather(pace.turn(), pace.turn())
        times.append(loop.time())
    assert all(
        later - earlier >= LONGEST_SECONDS * 0.9 for earlier, later in itertools.pairwise(times)
    )


async def test_nobody_overtakes_who_was_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even when the load ends at that moment: a person's words keep their order."""
    pace, left = Pace(), []
    await busy(pace)

    async def leave(name: str) -> None:
        await pace.turn()
        left.append(name)

    waiting = [asyncio.ensure_future(leave(name)) for name in ("first", "second")]
    await asyncio.sleep(0)
    monkeypatch.setattr(module, "LONGEST_SECONDS", 0.0)
    assert pace._gate is not None
    pace._open(pace._gate)
    await leave("newcomer")
    await asyncio.gather(*waiting)
    assert left == ["first", "second", "newcomer"]


async def test_load_is_forgotten() -> None:
    """Some seconds after a burst nobody waits any more."""
    pace = Pace()
    await busy(pace)
    await asyncio.sleep(2.5)
    await pace.turn()
    turn = asyncio.ensure_future(pace.turn())
    await asyncio.sleep(0)
    assert turn.done()


async def test_one_that_gives_up_takes_nobody_along() -> None:
    """The gate is shared; a cancelled wait must not close it."""
    pace = Pace()
    await busy(pace)
    first, second = asyncio.ensure_future(pace.turn()), asyncio.ensure_future(pace.turn())
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait_for(second, 1)
