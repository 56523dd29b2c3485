"""Records that can never be read stand on every topic: kept byte for byte, in nobody's way."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from cli.kafka import log_reader, partitions_of
from schemas import headers as names
from schemas.events.admin import ActionRecorded
from schemas.events.chat import MessageSent
from schemas.generate.examples import EXAMPLES
from schemas.topics import CATALOGUE, TAILS, Topic, dead_letter_topic, dead_letter_topics
from tests.exploring import lengths
from tests.faults.traffic import LONG_SECONDS, Load, Traffic
from tests.faults.trial import Trial
from tests.stack import Stack

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]

PRODUCER_BYTES = 2 * 1024 * 1024
LARGEST = 1024 * 1024 - 1_000
"""About the largest value that a broker takes; what is larger never gets on the log."""
BURIED_SECONDS = 60.0
TIMES = 3

Headers = Sequence[tuple[str, bytes | None]]
Poison = tuple[bytes | None, Headers]
Place = tuple[str, int, int]
Letter = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes | None], ...]]


def poisons(topic: Topic) -> dict[str, Poison]:
    """Return every kind of unreadable record for this topic."""
    event = CATALOGUE[topic].events[0]
    good = next(each for each in EXAMPLES if isinstance(each, event)).model_dump_json().encode()
    stranger = ActionRecorded if topic is not Topic.ADMIN_ACTIONS else MessageSent
    typed: Headers = ((names.TYPE, event.event_type.encode()),)
    return {
        "bytes": (b"\x00\xff\xfe", typed),
        "no JSON": (b'{"event_id": ', typed),
        "no type": (good, ()),
        "unknown type": (good, ((names.TYPE, b"chat.message_sung.v9"),)),
        "wrong topic": (good, ((names.TYPE, stranger.event_type.encode()),)),
        "header is no text": (good, (*typed, ("note", b"\xff\xfe"))),
        "null header": (good, (*typed, ("note", None))),
        "null body": (None, typed),
        "wrong schema": (b'{"event_id": "%s"}' % str(uuid4()).encode(), typed),
        "as large as can be": (b"\xff" * LARGEST, typed),
    }


async def poison_everything(stack: Stack) -> dict[Place, Letter]:
    """Put every kind on every topic; return what stands where."""
    producer = AIOKafkaProducer(
        bootstrap_servers=stack.bootstrap_servers, max_request_size=PRODUCER_BYTES
    )
    put: dict[Place, Letter] = {}
    await producer.start()
    try:
        for topic in CATALOGUE:
            for value, headers in poisons(topic).values():
                key = str(uuid4()).encode()
                at = await producer.send_and_wait(
                    topic.value, value, key=key, headers=list(headers)
                )
                put[at.topic, at.partition, at.offset] = (key, value, tuple(headers))
    finally:
        await producer.stop()
    return put


class Graves:
    """The dead-letter topics from a moment on."""

    def __init__(self, stack: Stack) -> None:
        self._servers = stack.bootstrap_servers
        self._since: dict[TopicPartition, int] = {}

    async def mark(self) -> None:
        """Look only at what is buried from now on."""
        places = await partitions_of(self._servers, list(dead_letter_topics()))
        async with log_reader(self._servers) as reader:
            self._since = await reader.end_offsets(places)

    async def buried(self, count: int) -> dict[tuple[str, Place], list[Letter]]:
        """Return copies by dead-letter topic and original place, when there are so many."""
        found: dict[tuple[str, Place], list[Letter]] = {}
        async with asyncio.timeout(BURIED_SECONDS), log_reader(self._servers) as reader:
            reader.assign(list(self._since))
            for place, offset in self._since.items():
                reader.seek(place, offset)
            while sum(map(len, found.values())) < count:
                polled = await reader.getmany(timeout_ms=500)
                for record in (each for part in polled.values() for each in part):
                    found.setdefault((record.topic, original(record)), []).append(
                        (record.key, record.value, tuple(record.headers))
                    )
        return found


def original(record: Any) -> Place:  # noqa: ANN401 - aiokafka has no types
    """Return where a dead letter came from."""
    note = dict(record.headers)
    return (
        note[names.DEAD_LETTER_TOPIC].decode(),
        int(note[names.DEAD_LETTER_PARTITION]),
        int(note[names.DEAD_LETTER_OFFSET]),
    )


def owed_for(put: dict[Place, Letter]) -> dict[tuple[str, Place], Letter]:
    """Return which dead-letter topic owes a copy of what: one for each reader of the topic."""
    return {
        (dead_letter_topic(Topic(place[0]), reader), place): letter
        for place, letter in put.items()
        for reader in CATALOGUE[Topic(place[0])].readers
        if reader not in TAILS
    }


@pytest.mark.parametrize("seconds", lengths(5.0, LONG_SECONDS))
async def test_poison_of_every_kind_on_every_topic(trial: Trial, seconds: float) -> None:
    """Each consumer keeps its own copy, byte for byte, and works what stands around it."""
    times = round(seconds / LONG_SECONDS * TIMES) or 1
    put: dict[Place, Letter] = {}
    graves = Graves(trial.stack)
    await graves.mark()

    async def fault(_: Traffic) -> None:
        for _turn in range(times):
            put.update(await poison_everything(trial.stack))
            await asyncio.sleep(0 if times == 1 else seconds / times)

    often = "once" if times == 1 else f"{times} times"
    name = f"{len(poisons(Topic.CHAT_MESSAGES))} poisons on each topic, {often}"
    load = Load(seconds=seconds)
    await trial.run("P12", name, fault, load=load, poison=lambda: len(owed_for(put)))
    owed = owed_for(put)
    buried = await graves.buried(len(owed))
    assert set(buried) == set(owed)
    for where, (key, value, headers) in owed.items():
        for copy_key, copy_value, copy_headers in buried[where]:
            assert (copy_key, copy_value) == (key, value), where
            assert copy_headers[: len(headers)] == headers, where
