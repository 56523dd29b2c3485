"""The consume loop on the real stack: everything once, whatever is in the log or goes away."""

import asyncio
import random
import sys
import time
from collections.abc import Iterable, Sequence
from functools import partial
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from consumers.delivery.ports import Delivered, OffsetKeeper, Offsets, Partition
from schemas import headers as names
from schemas.events.chat import MessageSent
from schemas.events.envelope import Event
from schemas.topics import Topic
from tests.connected import delivery_bed as bed
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(180)]

DEAD_LETTERS = "chat-messages-persistence-dlq"
Odd = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]


def odd_records() -> list[Odd]:
    """Return one record of every kind that can never be read."""
    typed: list[tuple[str, bytes | None]] = [(names.TYPE, MessageSent.event_type.encode())]
    return [
        (b"k", b"\x00\xff garbage", typed),
        (b"k", b"{}", typed),
        (b"k", None, typed),
        (None, b"no key, no headers", []),
        (b"k", b"{}", [(names.TYPE, b"\xff\xfe")]),
        (b"k", b"{}", [*typed, ("x-odd", b"\xc3(")]),
        (b"k", b"{}", [*typed, ("x-null", None)]),
        (b"k", b"{}", [(names.TYPE, b"chat.never_heard_of.v9")]),
        (b"\xff\x00", b"{}", [(names.TYPE, b"admin.action_recorded.v1")]),
    ]


async def publish_with(producer: AIOKafkaProducer, events: list[Event], odd: list[Odd]) -> None:
    """Put events on the log with odd records strewn among them."""
    step = len(events) // len(odd)
    for number, (key, value, headers) in enumerate(odd):
        await bed.publish(producer, events[number * step : (number + 1) * step])
        await producer.send_and_wait(
            Topic.CHAT_MESSAGES, value=value, key=key, headers=headers, partition=number % 12
        )
    await bed.publish(producer, events[len(odd) * step :])


def sender_of(events: list[Event]) -> "MessageSent":
    first = events[0]
    assert isinstance(first, MessageSent)
    return first


async def test_poison_is_set_aside_and_its_neighbours_are_stored_once(infra_stack: Stack) -> None:
    """Twenty thousand records with nine odd ones: rows exactly once, odd ones byte for byte."""
    events, odd = bed.messages(20_000, conversations=200), odd_records()
    before = await bed.ends(infra_stack, [DEAD_LETTERS])
    async with bed.producing(infra_stack) as producer:
        await publish_with(producer, events, odd)
    started = time.perf_counter()
    async with bed.consuming(bed.member(infra_stack, "persistence")):
        await bed.caught_up(infra_stack, "persistence")
    seconds = time.perf_counter() - started
    sys.stdout.write(f"persisted {len(events) / seconds:,.0f} records/s\n")
    assert await bed.stored_of(infra_stack, sender_of(events).sender.id) == len(events)
    buried = await bed.read_from(infra_stack, before)
    found = [
        (each.key, each.value, [h for h in each.headers if not h[0].startswith("dlq.")])
        for each in buried
    ]
    assert sorted(found, key=repr) == sorted(odd, key=repr)
    reasons = [dict(each.headers)[names.DEAD_LETTER_REASON] for each in buried]
    assert sorted(set(reasons)) == [
        b"missing_type",
        b"null_header",
        b"null_value",
        b"schema_mismatch",
        b"undecodable_header",
        b"unknown_type",
        b"wrong_topic",
    ]


class DyingAfterCommit:
    """Dies when the database has committed and Kafka has not heard of it."""

    def __init__(self, stores: int, keeper: OffsetKeeper) -> None:
        self._keeper = keeper
        self._stores = stores

    async def load(self, partitions: Iterable[Partition]) -> Offsets:
        return await self._keeper.load(partitions)

    async def store(self, batch: Sequence[Delivered], upto: Offsets) -> None:
        await self._keeper.store(batch, upto)
        self._stores -= 1
        if self._stores <= 0:
            raise asyncio.CancelledError


async def test_dying_between_the_two_commits_counts_nothing_twice(infra_stack: Stack) -> None:
    """Positions come from the database, so what Kafka did not hear is not worked again."""
    hour = bed.unique_hour()
    events = bed.messages(3_000, at=hour)
    async with bed.producing(infra_stack) as producer:
        await bed.publish(producer, events)
    for stores in (1, 2, 3):
        # The loop's task ends, and with it the member.
        await bed.member(infra_stack, "analytics", partial(DyingAfterCommit, stores)).run()
    async with bed.consuming(bed.member(infra_stack, "analytics")):
        await bed.caught_up(infra_stack, "analytics")
    assert await bed.counted_in(infra_stack, hour) == len(events)


async def test_a_repeat_on_the_log_counts_once(infra_stack: Stack) -> None:
    """An edge that was not sure publishes again, perhaps much later; the count stays right."""
    hour = bed.unique_hour()
    events = bed.messages(300, at=hour)
    async with (
        bed.producing(infra_stack) as producer,
        bed.consuming(bed.member(infra_stack, "analytics")),
    ):
        await bed.publish(producer, [*events, *events[:100]])
        await bed.caught_up(infra_stack, "analytics")
        await bed.publish(producer, events)
        await bed.caught_up(infra_stack, "analytics")
    assert await bed.counted_in(infra_stack, hour) == len(events)


async def test_a_stopped_database_delays_and_loses_nothing(infra_stack: Stack) -> None:
    """The consumer waits the outage out; nothing is dead-lettered, everything is stored once."""
    events = bed.messages(500)
    before = await bed.ends(infra_stack, [DEAD_LETTERS])
    async with (
        bed.producing(infra_stack) as producer,
        bed.consuming(bed.member(infra_stack, "persistence")) as tasks,
    ):
        await bed.publish(producer, events[:100])
        await bed.caught_up(infra_stack, "persistence")
        await asyncio.to_thread(infra_stack.hold, "postgres")
        await bed.publish(producer, events[100:])
        await asyncio.sleep(5)
        assert not tasks[0].done()
        await asyncio.to_thread(infra_stack.release, "postgres")
        await bed.caught_up(infra_stack, "persistence")
    assert await bed.stored_of(infra_stack, sender_of(events).sender.id) == len(events)
    assert await bed.ends(infra_stack, [DEAD_LETTERS]) == before


async def test_a_killed_broker_delays_and_loses_nothing(infra_stack: Stack) -> None:
    """The broker dies and comes back; the member goes on by itself."""
    events = bed.messages(2_000)
    async with (
        bed.producing(infra_stack) as producer,
        bed.consuming(bed.member(infra_stack, "persistence")) as tasks,
    ):
        await bed.publish(producer, events[:1_000])
        await asyncio.to_thread(infra_stack.kill, "kafka")
        await asyncio.to_thread(infra_stack.wait_ready, "kafka")
        await bed.publish(producer, events[1_000:])
        await bed.caught_up(infra_stack, "persistence")
        assert not tasks[0].done()
    assert await bed.stored_of(infra_stack, sender_of(events).sender.id) == len(events)


async def test_rebalances_lose_and_double_nothing(infra_stack: Stack) -> None:
    """Members come, leave and die while records flow; every record counts exactly once."""
    hour, seed = bed.unique_hour(), uuid4().int % 1_000
    events = bed.messages(6_000, at=hour)
    chance = random.Random(seed)

    async def flow(producer: AIOKafkaProducer) -> None:
        for start in range(0, len(events), 300):
            await bed.publish(producer, events[start : start + 300])
            await asyncio.sleep(chance.uniform(0.05, 0.3))

    async with (
        bed.producing(infra_stack) as producer,
        bed.consuming(bed.member(infra_stack, "analytics")),
    ):
        flowing = asyncio.create_task(flow(producer))
        while not flowing.done():
            async with bed.consuming(bed.member(infra_stack, "analytics")):
                await asyncio.sleep(chance.uniform(0.5, 1.5))
            killed = asyncio.create_task(bed.member(infra_stack, "analytics").run())
            await asyncio.sleep(chance.uniform(0.5, 1.5))
            killed.cancel()
            await asyncio.wait([killed])
        await flowing
        await bed.caught_up(infra_stack, "analytics")
    assert await bed.counted_in(infra_stack, hour) == len(events), f"seed {seed}"
