"""Looks at the log while something breaks: dead letters, lag, who took over and when."""

import asyncio
import time
from collections.abc import Iterable
from typing import Self

from aiokafka import TopicPartition

from cli.database import stored_positions
from cli.kafka import Positions, committed, log_reader, partitions_of
from cli.lag import _measure
from schemas.topics import dead_letter_topics, group_of, subscription_of
from tests.stack import Stack

LAG_SECONDS = 60.0
LOOK_SECONDS = 0.5


async def dead_letters(stack: Stack) -> int:
    """Return how many records stand on all dead-letter topics."""
    return sum((await ends_of(stack, list(dead_letter_topics()))).values())


async def ends_of(stack: Stack, topics: Iterable[str]) -> Positions:
    """Return the offset after the newest record of each partition."""
    places = await partitions_of(stack.bootstrap_servers, list(topics))
    async with log_reader(stack.bootstrap_servers) as reader:
        return plain(await reader.end_offsets(places))


async def settled_lag(stack: Stack, seconds: float = LAG_SECONDS) -> int:
    """Return the lag of all groups: 0 as soon as it is, else what is left after so long."""
    deadline = time.monotonic() + seconds
    while True:
        behind = sum(row.lag for row in await _measure(stack.running))
        if not behind or time.monotonic() > deadline:
            return behind
        await asyncio.sleep(LOOK_SECONDS)


async def positions_of(stack: Stack, consumer: str) -> Positions:
    """Return how far the group has come, by its own books: its tables, or Kafka's commit."""
    group = group_of(consumer)
    stored = await stored_positions(stack.database_url())
    if group in stored:
        return stored[group]
    return (await committed(stack.bootstrap_servers, [group]))[group]


async def taken_over(stack: Stack, consumer: str, since: float) -> float:
    """Return how long after `since` the group had worked all that stands on its topics now."""
    ends = await ends_of(stack, subscription_of(consumer))
    while True:
        positions = await positions_of(stack, consumer)
        if all(positions.get(place, 0) >= end for place, end in ends.items()):
            return time.monotonic() - since
        # Each look signs in at the database, and that is not for nothing.
        await asyncio.sleep(2 * LOOK_SECONDS)


class IdleWatch:
    """Watches a group's partitions; use it as an async context manager."""

    def __init__(self, stack: Stack, consumer: str) -> None:
        self._stack = stack
        self._consumer = consumer
        self._waiting: dict[tuple[str, int], tuple[int, float]] = {}
        self._watching: asyncio.Task[None] | None = None
        self.longest = 0.0
        """The longest that a partition stood still with records before it."""

    async def __aenter__(self) -> Self:
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._watching is not None
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)

    async def _watch(self) -> None:
        topics = subscription_of(self._consumer)
        places = await partitions_of(self._stack.bootstrap_servers, list(topics))
        async with log_reader(self._stack.bootstrap_servers) as reader:
            while True:
                ends = plain(await reader.end_offsets(places))
                self.look(await positions_of(self._stack, self._consumer), ends, time.monotonic())
                await asyncio.sleep(LOOK_SECONDS)

    def look(self, positions: Positions, ends: Positions, now: float) -> None:
        """Take note of where the group stands."""
        for place, end in ends.items():
            position = positions.get(place, 0)
            if position >= end:
                self._waiting.pop(place, None)
                continue
            before, since = self._waiting.get(place, (position, now))
            if position != before:
                since = now
            self._waiting[place] = (position, since)
            self.longest = max(self.longest, now - since)


def plain(offsets: dict[TopicPartition, int]) -> Positions:
    """Return offsets by plain pairs, as every other part of the books has them."""
    return {(place.topic, place.partition): offset for place, offset in offsets.items()}
