"""Edges are asked to go, one after the other, while people are connected to both."""

import asyncio
import time
from typing import Self

import pytest

from tests.faults.arrivals import Arrivals
from tests.faults.measures import Measure, percentile
from tests.faults.promises import Ledger
from tests.faults.traffic import LONG_SECONDS, Load, Person, Traffic
from tests.faults.trial import Trial
from tests.stack import started

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(400)]

EDGES = ("edge-ws", "edge-ws-2")
LOOK_SECONDS = 0.02
ARRIVAL_SECONDS = 0.25
"""Between two people who sign in."""
MANY_ARRIVALS = 50
RESUME_SECONDS = 2.0
SPREAD_SECONDS = 0.5
"""Much less than the second over which an edge sends its sockets away."""


class Resumes:
    """Watches how long each person is without a connection; an async context manager."""

    def __init__(self, people: list[Person]) -> None:
        self._people = people
        self._away: dict[int, float] = {}
        self._watching: asyncio.Task[None] | None = None
        self.took: list[float] = []
        self.back_at: list[float] = []

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._watching is not None
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            now = time.monotonic()
            for person in self._people:
                if not _resumed(person):
                    self._away.setdefault(id(person), now)
                elif (since := self._away.pop(id(person), None)) is not None:
                    self.took.append(now - since)
                    self.back_at.append(now)
            await asyncio.sleep(LOOK_SECONDS)


def _resumed(person: Person) -> bool:
    """Whether somebody is signed in, and in every conversation again."""
    chat = person.chat
    return chat._connection is not None and all(task.done() for task in chat._rejoining.values())


async def test_edges_restart_one_after_the_other(ledger: Ledger) -> None:
    """Whoever is sent away is back at the other edge in two seconds, and not all at once.

    Who signs in meanwhile, with a fresh token and ticket, is in within two seconds as well.
    """
    measures: list[Measure] = []
    spreads: list[float] = []
    with started(infrastructure_only=False, options=["--edges=2"]) as stack:
        port = stack.running.state.ports["edge-ws-2"]
        urls = (stack.socket_url, f"ws://127.0.0.1:{port}/ws")

        async def fault(traffic: Traffic) -> None:
            arrivals, enough = Arrivals(stack, urls), asyncio.Event()
            async with Resumes(traffic.people) as resumes, asyncio.TaskGroup() as arriving:
                arriving.create_task(arrivals.run(ARRIVAL_SECONDS, enough))
                for edge in EDGES:
                    returned = len(resumes.back_at)
                    before = stack.restarts(edge)
                    stack.process(edge).terminate()
                    await asyncio.to_thread(stack.wait_restarted, edge, before)
                    await asyncio.to_thread(stack.wait_ready, edge)
                    await asyncio.sleep(12)
                    back = resumes.back_at[returned:]
                    spreads.append(max(back) - min(back))
                enough.set()
            everybody = {id(person) for person in traffic.people}
            assert len(resumes.took) >= len(everybody)
            measures.append(Measure("p99 resume", percentile(resumes.took, 99), RESUME_SECONDS))
            assert len(arrivals.took) >= MANY_ARRIVALS
            slowest = Measure("slowest sign-in", max(arrivals.took), RESUME_SECONDS)
            measures.append(slowest)

        await Trial(stack, ledger).run(
            "P9",
            "SIGTERM to two edges, one after the other",
            fault,
            load=Load(people=100, seconds=LONG_SECONDS),
            socket_url=urls,
            measures=measures,
        )
    assert min(spreads) >= SPREAD_SECONDS, spreads
