"""What people change while parts are killed: each accepted change is there, once, for all."""

import asyncio
import random
import time
from collections.abc import Sequence

import pytest

from parley_client import Thread
from tests.faults.changes import Editor, Effects, History, fetched
from tests.faults.measures import Measure
from tests.faults.traffic import Load, Person, Traffic
from tests.faults.trial import Trial

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(400)]

KILLED = ("persistence", "edge-ws", "nlp")
LOAD = Load(seconds=20.0)
PAUSE_SECONDS = 0.5
"""Between two changes of one person."""
SHOWN_SECONDS = 15.0


def editors_of(traffic: Traffic, chance: random.Random) -> list[Editor]:
    """Let everybody change things in their own conversation."""
    return [
        Editor(person.user_id, person.conversation, person.thread, random.Random(chance.random()))
        for person in traffic.people
    ]


async def kill_each(trial: Trial, chance: random.Random) -> None:
    """Kill one part while the ones before it are still coming back."""
    for process in KILLED:
        await asyncio.to_thread(trial.stack.kill, process)
        await asyncio.sleep(chance.uniform(1, 3))
    for process in KILLED:
        await asyncio.to_thread(trial.stack.wait_ready, process)


def state_of(thread: Thread) -> tuple[object, ...]:
    """Return everything that people see of a conversation."""
    return thread.shown, thread.read


async def differing(people: Sequence[Person], histories: Sequence[History]) -> int:
    """Return how many see something else than a fresh fetch, once everything was shown."""
    deadline = time.monotonic() + SHOWN_SECONDS
    fresh = [
        state_of(history.thread(person.user_id))
        for person, history in zip(people, histories, strict=True)
    ]
    while True:
        live = [state_of(person.thread) for person in people]
        different = sum(mine != stored for mine, stored in zip(live, fresh, strict=True))
        if not different or time.monotonic() > deadline:
            return different
        await asyncio.sleep(0.2)


async def test_changed_while_parts_are_killed(trial: Trial) -> None:
    """Edited, taken back, answered with emojis, rated and read: what was accepted is what is."""
    chance, measures = random.Random(LOAD.seed), list[Measure]()
    editors: list[Editor] = []

    async def fault(traffic: Traffic) -> None:
        enough = asyncio.Event()
        editors.extend(editors_of(traffic, chance))
        async with asyncio.TaskGroup() as working:
            for editor in editors:
                working.create_task(editor.work(PAUSE_SECONDS, enough))
            ends = time.monotonic() + LOAD.seconds
            await kill_each(trial, chance)
            await asyncio.sleep(max(0.0, ends - time.monotonic()))
            enough.set()

    async def settled(traffic: Traffic) -> None:
        people = traffic.people
        histories = [await fetched(each.rest, each.conversation.id) for each in people]
        expected, told = Effects(), Effects()
        for editor, history in zip(editors, histories, strict=True):
            expected.update(editor.effects())
            told.update(history.effects())
        changes = f"of {sum(editor.accepted for editor in editors)}"
        measures.append(Measure("changes missing", (expected - told).total(), 0, changes))
        measures.append(Measure("changes beyond", (told - expected).total(), 0, changes))
        different = await differing(people, histories)
        measures.append(Measure("threads that differ", different, 0, f"of {len(people)}"))

    name = f"messages edited, deleted, rated and read, kill -9 {', '.join(KILLED)}"
    await trial.run("P25", name, fault, load=LOAD, measures=measures, settled=settled)
    assert all(editor.accepted for editor in editors)
