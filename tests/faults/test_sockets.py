"""Sockets are cut, stalled, restarted under and not read: everybody still sees everything."""

import asyncio
import random
import re
from urllib.parse import urlsplit

import httpx2
import pytest

from parley_client import Chat
from parley_client.conversation import Events
from schemas.frames.codes import CloseCode
from tests.faults.proxy import Link, Proxy
from tests.faults.traffic import Load, Person, Traffic
from tests.faults.trial import Trial, in_thread
from tests.stack import Stack

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]

CUTS = [40, pytest.param(200, marks=pytest.mark.slow)]
WAYS = ("cut", "reset", "half-open", "latency", "drip")
HALF_OPEN_SECONDS = 3.0
SLOW_READERS = 5
BULK_FRAMES = 800
"""Together more than what the kernel holds for a socket that nobody reads (4 MiB by default)."""
CLOSED_SECONDS = 60.0
BULK_CHARS = 7_900
UNAFFECTED_SECONDS = 3.0


async def hurt(proxy: Proxy, chance: random.Random) -> None:
    """Do something bad to one link, or to all."""
    way = chance.choice(WAYS)
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


@pytest.mark.parametrize("cuts", CUTS)
async def test_cut_at_random(trial: Trial, cuts: int) -> None:
    """Cut, reset, half-open, late or dripping: what is missed is replayed, nothing twice."""
    load = Load()
    chance = random.Random(load.seed)
    address = urlsplit(trial.stack.socket_url)
    assert address.hostname is not None
    assert address.port is not None
    async with Proxy(address.hostname, address.port) as proxy:

        async def fault(_: Traffic) -> None:
            for _turn in range(cuts):
                while not proxy.links:
                    await asyncio.sleep(0.05)
                await hurt(proxy, chance)
                await asyncio.sleep(chance.uniform(0.05, 0.3))
            proxy.latency = 0.0

        url = f"ws://127.0.0.1:{proxy.port}{address.path}"
        await trial.run("P8", f"{cuts} sockets cut, reset, stalled", fault, socket_url=url)


@pytest.mark.slow
async def test_the_edge_restarts_under_people(trial: Trial) -> None:
    """Twice in a row it is asked to go; clients come back and have missed nothing."""

    def restart() -> None:
        before = trial.stack.restarts("edge-ws")
        trial.stack.process("edge-ws").terminate()
        trial.stack.wait_restarted("edge-ws", before)
        trial.stack.wait_ready("edge-ws")

    async def fault(traffic: Traffic) -> None:
        for _turn in range(2):
            await in_thread(restart)(traffic)
            await asyncio.sleep(5)

    await trial.run("P9", "SIGTERM edge-ws twice", fault, load=Load(people=50))


class SlowReader:
    """A second device of somebody, which stops reading for a while."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.code = 0
        self.seen: list[str] = []

    async def run(self, closed: asyncio.Event) -> None:
        """Join, leave everything unread until the edge closes, come back, see it all."""
        async with Chat(self.person.credentials, rest=self.person.rest) as chat:
            conversation = await chat.join(self.person.conversation.id)
            listening = asyncio.create_task(self._listen(conversation.events()))
            connection = chat._connection
            assert connection is not None
            before = set(self.person.seen)
            connection.transport.pause_reading()
            await closed.wait()
            connection.transport.resume_reading()
            await connection.wait_closed()
            self.code = connection.close_code or 0
            async with asyncio.timeout(30):
                # It hears what it missed without asking; nothing says that it was the last.
                while not set(self.person.seen) - before <= set(self.seen):
                    await asyncio.sleep(0.1)
        await listening

    async def _listen(self, events: Events) -> None:
        async for frame in events:
            self.seen.append(frame["event_id"])


async def closed_slow(client: httpx2.AsyncClient) -> float:
    """Return how many sockets the edge has closed because nobody read them."""
    text = (await client.get("/metrics")).text
    found = re.search(rf'sockets_closed_total{{code="{CloseCode.SLOW_READER.value}"}} (\S+)', text)
    return float(found.group(1)) if found else 0.0


async def tell_when_closed(stack: Stack, closed: asyncio.Event, before: float) -> None:
    """Set the event as soon as the edge has closed the slow readers."""
    async with asyncio.timeout(CLOSED_SECONDS), edge_of(stack) as client:
        while await closed_slow(client) < before + SLOW_READERS:
            await asyncio.sleep(0.1)
    closed.set()


def edge_of(stack: Stack) -> httpx2.AsyncClient:
    """Return a client of the edge's HTTP side."""
    url = stack.socket_url.replace("ws://", "http://").removesuffix("/ws")
    return httpx2.AsyncClient(base_url=url, trust_env=False)


@pytest.mark.slow
async def test_slow_readers_hurt_only_themselves(trial: Trial) -> None:
    """Five among a hundred stop reading: they are closed and resume; the others notice nothing."""
    readers: list[SlowReader] = []
    slowest: list[float] = []

    async def fault(traffic: Traffic) -> None:
        talker, *others = traffic.people
        readers.extend(SlowReader(talker) for _turn in range(SLOW_READERS))
        async with edge_of(trial.stack) as client:
            before = await closed_slow(client)
        # The edge's close frame waits behind what is unread for 5 s; after that it hangs up.
        closed = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(tell_when_closed(trial.stack, closed, before))
            for reader in readers:
                tasks.create_task(reader.run(closed))
            await asyncio.sleep(1)
            for _turn in range(BULK_FRAMES):
                tasks.create_task(talker.say("x" * BULK_CHARS))
                traffic.said += 1
                await asyncio.sleep(0.01)
        slowest.extend(person.slowest_accept for person in others)

    await trial.run("P10", "5 slow readers among 100", fault, load=Load(people=100))
    assert {reader.code for reader in readers} == {CloseCode.SLOW_READER}
    assert max(slowest) <= UNAFFECTED_SECONDS
    for reader in readers:
        assert len(set(reader.seen)) == len(reader.seen)
