"""Sockets are cut, reset, stalled and slowed at random: everybody still sees everything."""

import asyncio
import random
from collections import Counter
from urllib.parse import urlsplit

import pytest

from tests.faults.proxy import Link, Proxy
from tests.faults.traffic import LONG_SECONDS, Load, Traffic
from tests.faults.trial import Trial

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

CUTS = [
    pytest.param(30, 5.0, marks=pytest.mark.quick),
    pytest.param(200, LONG_SECONDS, marks=pytest.mark.slow),
]
BREAKS = ("cut", "reset", "half-open")
WAYS = (*BREAKS, "latency", "drip")
HALF_OPEN_SECONDS = 3.0


async def hurt(proxy: Proxy, way: str, chance: random.Random) -> None:
    """Do something bad to one link, or to all."""
    link: Link = chance.choice(sorted(proxy.links, key=id))
    if way == "cut":
        link.cut()
    elif way == "reset":
        link.reset()
    elif way == "half-open":
        link.half_open = True
        # The edge's and the client's own pings would find it later; the test is in a hurry.
        asyncio.get_running_loop().call_later(HALF_OPEN_SECONDS, link.reset)
    elif way == "latency":
        proxy.latency = chance.choice((0.0, 0.05, 0.2))
    else:
        link.dripping = True


@pytest.mark.parametrize(("cuts", "seconds"), CUTS)
async def test_cut_at_random(trial: Trial, cuts: int, seconds: float) -> None:
    """Cut, reset, half-open, late or dripping: what is missed is replayed, nothing twice."""
    load = Load(seconds=seconds)
    chance, ways = random.Random(load.seed), Counter[str]()
    address = urlsplit(trial.stack.socket_url)
    assert address.hostname is not None
    assert address.port is not None
    async with Proxy(address.hostname, address.port) as proxy:

        async def fault(_: Traffic) -> None:
            while sum(ways[each] for each in BREAKS) < cuts:
                while not proxy.links:
                    await asyncio.sleep(0.05)
                way = chance.choice(WAYS)
                ways[way] += 1
                await hurt(proxy, way, chance)
                await asyncio.sleep(chance.uniform(0.05, 0.3))
            proxy.latency = 0.0

        url = f"ws://127.0.0.1:{proxy.port}{address.path}"
        name = f"{cuts} sockets cut, reset or half-open, others late or dripping"
        await trial.run("P8", name, fault, load=load, socket_url=url)
    assert set(ways) == set(WAYS), ways
