"""The way between edge and broker breaks in the middle of a request."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from infra.embedded.ports import LOOPBACK, any_free_port
from tests.faults.measures import Measure
from tests.faults.promises import Ledger
from tests.faults.proxy import Link, Proxy
from tests.faults.traffic import LONG_SECONDS, Load, Traffic
from tests.faults.trial import Trial
from tests.faults.witness import ANSWER_SECONDS, witness_of
from tests.stack import Stack, started

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(400)]

CUTS = 60
WAYS = ("halved", "unanswered", "reset", "cut")


@asynccontextmanager
async def running(options: Sequence[str]) -> AsyncIterator[Stack]:
    """Run a stack while this loop goes on to serve its proxy."""
    manager = started(infrastructure_only=False, options=options)
    stack = await asyncio.to_thread(manager.__enter__)
    try:
        yield stack
    finally:
        await asyncio.to_thread(manager.__exit__, None, None, None)


def links_of(stack: Stack, process: str, proxy: Proxy) -> list[Link]:
    """Return the links that this process has open."""
    mine = {each.laddr.port for each in stack.process(process).net_connections("tcp")}
    links = {link.client.get_extra_info("peername")[1]: link for link in proxy.links}
    return [links[port] for port in sorted(mine & links.keys())]


async def hurt(link: Link, way: str, chance: random.Random) -> None:
    """Break the link, where it can be in the middle of a request."""
    if way == "halved":
        link.halving = True
    elif way == "unanswered":
        link.deaf = True
        await asyncio.sleep(chance.uniform(0.1, 0.5))
        link.reset()
    elif way == "reset":
        link.reset()
    else:
        link.cut()


async def test_requests_break_on_their_way(ledger: Ledger) -> None:
    """Half a request, no answer, a reset: written once, and people hear the truth within 5 s."""
    broker = any_free_port(())
    front = any_free_port((broker,))
    load, measures = Load(seconds=LONG_SECONDS), list[Measure]()
    chance, ways = random.Random(load.seed), Counter[str]()
    statuses: set[str] = set()
    options = (f"--port=kafka={broker}", f"--kafka-front={front}")
    async with Proxy(LOOPBACK, broker, listen=front) as proxy, running(options) as stack:

        async def fault(_: Traffic) -> None:
            async with witness_of(stack) as witness:
                for _turn in range(CUTS):
                    links = links_of(stack, "edge-ws", proxy)
                    if links:
                        way = chance.choice(WAYS)
                        ways[way] += 1
                        await hurt(chance.choice(links), way, chance)
                    await witness.say()
                    await asyncio.sleep(chance.uniform(0.1, 1.0))
                statuses.update(witness.statuses)
                measures.append(Measure("slowest answer", witness.slowest, ANSWER_SECONDS))

        name = f"{CUTS} cuts between edge and broker, in the middle of requests"
        await Trial(stack, ledger).run("P3", name, fault, load=load, measures=measures)
    assert set(ways) == set(WAYS)
    assert statuses <= {"accepted", "unknown", "busy"}, statuses
