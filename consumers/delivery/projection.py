"""A view over the log: its rows and its position move in one transaction, or not at all."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from consumers.delivery.database import Connection, Database
from consumers.delivery.errors import FencedError
from consumers.delivery.ports import Delivered, Offsets, Partition

_LOAD = """
select topic, partition, next_offset from consumer_offsets where group_id = $1
"""
_FIRST = """
with first as (
    insert into consumer_offsets (group_id, topic, partition, next_offset)
    select $1, * from unnest($2::text[], $3::int[], $4::bigint[])
    on conflict do nothing
    returning 1
) select count(*) from first
"""
_MOVE = """
with moved as (
    update consumer_offsets as stored
    set next_offset = step.upto, updated_at = now()
    from unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[])
        as step(topic, partition, upto, expected)
    where stored.group_id = $1
        and stored.topic = step.topic
        and stored.partition = step.partition
        and stored.next_offset = step.expected
    returning 1
) select count(*) from moved
"""


class Projection(Protocol):
    """What one consumer makes of events.

    Ordering: as `BatchHandler`. Idempotency: each offset is applied exactly once, because the
    position is in the same transaction; an event that stands on the log twice is the projection's
    to drop. Failure: any exception rolls rows and position back.
    """

    async def apply(self, connection: Connection, batch: Sequence[Delivered]) -> None:
        """Write what the events become; never commit."""
        ...


class PostgresOffsets:
    """Keeps a projection and its positions in PostgreSQL.

    A position moves only from the value this member has seen. A member that lost its partitions
    without noticing (a zombie) finds another value there and stores nothing.
    """

    def __init__(self, database: Database, group: str, projection: Projection) -> None:
        self._database = database
        self._group = group
        self._projection = projection
        self._seen: dict[Partition, int] = {}

    async def load(self, partitions: Iterable[Partition]) -> Offsets:
        """See `OffsetKeeper`."""
        async with self._database.transaction() as connection:
            rows = await connection.fetch(_LOAD, self._group)
        stored = {Partition(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        self._seen = stored
        return {each: stored[each] for each in partitions if each in stored}

    async def store(self, batch: Sequence[Delivered], upto: Offsets) -> None:
        """See `OffsetKeeper`."""
        steps = self._steps(batch, upto)
        if not steps:
            return
        async with self._database.transaction() as connection:
            # First the position: its row lock makes a zombie and the owner take turns.
            await self._move(connection, steps)
            if batch:
                await self._projection.apply(connection, batch)
        self._seen.update(steps)

    def _steps(self, batch: Sequence[Delivered], upto: Offsets) -> dict[Partition, int]:
        seen = self._seen
        if any(each.record.offset < seen.get(each.record.source, 0) for each in batch):
            raise FencedError("these records are stored already")
        # With parked records a position may have to stand still; it is compared all the same.
        least = 0 if batch else 1
        return {each: new for each, new in upto.items() if new >= seen.get(each, -1) + least}

    async def _move(self, connection: Connection, steps: Offsets) -> None:
        first = {each: new for each, new in steps.items() if each not in self._seen}
        onward = {each: new for each, new in steps.items() if each in self._seen}
        moved = 0
        if first:
            moved += await connection.fetchval(_FIRST, self._group, *_columns(first))
        if onward:
            expected = [self._seen[each] for each in onward]
            moved += await connection.fetchval(_MOVE, self._group, *_columns(onward), expected)
        if moved != len(steps):
            raise FencedError("another member has moved the position")


def _columns(steps: Offsets) -> tuple[list[str], list[int], list[int]]:
    return (
        [each.topic for each in steps],
        [each.partition for each in steps],
        list(steps.values()),
    )
