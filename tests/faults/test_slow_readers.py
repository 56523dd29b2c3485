"""Readers stop reading: it costs them their socket for a while, and nobody else anything."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

import httpx2
import psutil
import pytest

from parley_client import Chat
from parley_client.conversation import Events
from parley_client.frames import Frame
from schemas.frames.codes import CloseCode
from tests.faults.measures import Measure, percentile
from tests.faults.traffic import LONG_SECONDS, Load, Person, Traffic
from tests.faults.trial import Trial
from tests.stack import Stack

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(400)]

PEOPLE = 500
SLOW_READERS = 5
BULK_FRAMES = 800
"""Together more than what the kernel holds for a socket that nobody reads (4 MiB by default)."""
BULK_CHARS = 7_900
CLOSED_SECONDS = 60.0
MEMORY = 1.10
"""The most that the edge may hold with slow readers, of what it holds with quick ones."""
NOISE_SECONDS = 0.25
"""Below this two percentiles are the same on a machine that does everything at once."""


class SlowReader:
    """A second device of somebody, which stops reading for a while."""

    def __init__(self, person: Person, returning: asyncio.Event) -> None:
        self.person = person
        self._returning = returning
        self._signed_in = False
        self.code = 0
        self.seen: list[str] = []

    async def run(self, closed: asyncio.Event) -> None:
        """Join, leave everything unread until the edge closes, come back, see it all."""
        async with Chat(self._credentials, rest=self.person.rest) as chat:
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
            async with asyncio.timeout(CLOSED_SECONDS):
                # It hears what it missed without asking; nothing says that it was the last.
                while not set(self.person.seen) - before <= set(self.seen):
                    await asyncio.sleep(0.1)
        await listening

    async def _credentials(self) -> tuple[str, Frame]:
        # Who comes back reads a lot at once, in the process that measures how the others fare.
        if self._signed_in:
            await self._returning.wait()
        self._signed_in = True
        return await self.person.credentials()

    async def _listen(self, events: Events) -> None:
        async for frame in events:
            # What the client says by itself is no event.
            if "event_id" in frame:
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


@dataclass(frozen=True)
class Phase:
    """How the others fared while somebody was sent a lot, and what the edge held at most."""

    p99: float
    memory: float


async def bulk(talker: Person, traffic: Traffic, edge: psutil.Process) -> float:
    """Say a lot in one conversation; return the most memory that the edge had meanwhile."""
    most = 0
    async with asyncio.TaskGroup() as saying:
        for _turn in range(BULK_FRAMES):
            saying.create_task(talker.say("x" * BULK_CHARS))
            traffic.said += 1
            await asyncio.sleep(0.01)
            most = max(most, edge.memory_info().rss)
    return most


def p99_since(people: Sequence[Person], since: float) -> float:
    """Return the p99 of the accepts of what was said since."""
    return percentile([took for each in people for at, took in each.accepts if at >= since], 99)


async def with_quick_readers(traffic: Traffic, edge: psutil.Process) -> Phase:
    """Say a lot to as many devices as there will be slow ones; all of them read."""
    talker, *others = traffic.people
    async with asyncio.TaskGroup() as reading:
        enough = asyncio.Event()
        for _turn in range(SLOW_READERS):
            reading.create_task(read_all(talker, enough))
        await asyncio.sleep(1)
        began = time.monotonic()
        memory = await bulk(talker, traffic, edge)
        enough.set()
    return Phase(p99_since(others, began), memory)


async def read_all(person: Person, enough: asyncio.Event) -> None:
    """Be another device of somebody, which reads."""
    async with Chat(person.credentials, rest=person.rest) as chat:
        await chat.join(person.conversation.id)
        await enough.wait()


async def with_slow_readers(
    stack: Stack, traffic: Traffic, edge: psutil.Process, readers: list[SlowReader]
) -> Phase:
    """Say a lot to devices that do not read; then let them come back."""
    talker, *others = traffic.people
    returning = asyncio.Event()
    readers.extend(SlowReader(talker, returning) for _turn in range(SLOW_READERS))
    async with edge_of(stack) as client:
        before = await closed_slow(client)
    # The edge's close frame waits behind what is unread for 5 s; after that it hangs up.
    closed = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(tell_when_closed(stack, closed, before))
        for reader in readers:
            tasks.create_task(reader.run(closed))
        await asyncio.sleep(1)
        began = time.monotonic()
        memory = await bulk(talker, traffic, edge)
        phase = Phase(p99_since(others, began), memory)
        returning.set()
    return phase


async def test_slow_readers_hurt_only_themselves(trial: Trial) -> None:
    """Five among 500 stop reading: they are closed and resume; the others notice nothing."""
    readers: list[SlowReader] = []
    measures: list[Measure] = []

    async def fault(traffic: Traffic) -> None:
        edge = trial.stack.process("edge-ws")
        quick = await with_quick_readers(traffic, edge)
        slow = await with_slow_readers(trial.stack, traffic, edge, readers)
        most = max(2 * quick.p99, NOISE_SECONDS)
        measures.append(Measure("others' p99 accept", slow.p99, most))
        measures.append(Measure("edge memory", slow.memory / quick.memory, MEMORY, "of before"))

    name = f"{SLOW_READERS} slow readers among {PEOPLE}"
    await trial.run(
        "P10", name, fault, load=Load(people=PEOPLE, seconds=LONG_SECONDS), measures=measures
    )
    assert {reader.code for reader in readers} == {CloseCode.SLOW_READER}
    for reader in readers:
        assert len(set(reader.seen)) == len(reader.seen)
