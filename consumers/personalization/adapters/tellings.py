"""Untold profiles in PostgreSQL, shown to one teller, and never while a rebuild is under way."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from consumers.delivery.database import Connection, Database
from consumers.delivery.ports import Offsets, Partition
from consumers.personalization.adapters.profiles import profile_of
from consumers.personalization.ports import Untold

COALESCED = timedelta(seconds=30)
"""Of one person nothing is told more often than this, nor looked at whether there is something."""

_LOCK = 0x7072_6F66_696C  # "profil": the teller's advisory lock

_POSITIONS = "select topic, partition, next_offset from consumer_offsets where group_id = $1"
_UNTOLD = """
select user_id, messages, first_seen_at, last_seen_at, intents, sentiments, languages, recent,
    updated_at, told
from user_profiles
where untold and (told_at is null or told_at < now() - $1::interval)
order by updated_at
limit $2
"""
_LOCK_ROWS = """
select 1 from user_profiles where user_id = any($1::uuid[]) order by user_id for update
"""
_SETTLE = """
update user_profiles as kept
set told = coalesce(new.told, kept.told),
    told_at = now(),
    untold = kept.updated_at <> new.changed
from unnest($1::uuid[], $2::text[], $3::timestamptz[]) as new(user_id, told, changed)
where kept.user_id = new.user_id
"""


class PostgresTelling:
    """See `Telling`; inside one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def untold(self, limit: int) -> Sequence[Untold]:
        """See `Telling`."""
        rows = await self._connection.fetch(_UNTOLD, COALESCED, limit)
        return [
            Untold(row["user_id"], profile_of(row), row["updated_at"], row["told"]) for row in rows
        ]

    async def settle(self, told: Sequence[tuple[Untold, str | None]]) -> None:
        """See `Telling`."""
        # Sorted by user, as those who learn lock them: nobody waits in a circle.
        ordered = sorted(told, key=lambda item: item[0].user_id)
        users = [each.user_id for each, _ in ordered]
        await self._connection.execute(_LOCK_ROWS, users)
        await self._connection.execute(
            _SETTLE,
            users,
            [short for _, short in ordered],
            [each.changed_at for each, _ in ordered],
        )


class PostgresTellings:
    """
    See `Tellings`; the lock lives as long as the transaction.

    `ends` is where the log ended when this process started: everything that profiles were ever
    made of stands before it, so from there on they are whole.
    """

    def __init__(self, database: Database, group: str, ends: Offsets) -> None:
        self._database = database
        self._group = group
        self._ends = dict(ends)

    @asynccontextmanager
    async def claim(self) -> AsyncIterator[PostgresTelling | None]:
        """See `Tellings`."""
        async with self._database.transaction() as connection:
            locked = await connection.fetchval("select pg_try_advisory_xact_lock($1)", _LOCK)
            whole = locked and await self._whole(connection)
            yield PostgresTelling(connection) if whole else None

    async def _whole(self, connection: Connection) -> bool:
        if self._ends:
            rows = await connection.fetch(_POSITIONS, self._group)
            read = {Partition(row["topic"], row["partition"]): row["next_offset"] for row in rows}
            self._ends = {at: end for at, end in self._ends.items() if read.get(at, 0) < end}
        return not self._ends
