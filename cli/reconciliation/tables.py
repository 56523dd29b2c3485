"""The tables' half of the comparison: a snapshot of positions and rows that belong together."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from cli.database import database
from cli.reconciliation.log import Entry
from cli.reconciliation.standing import CURSOR_ROWS, Changed
from cli.reconciliation.verdict import Kept
from schemas.topics import Topic

if TYPE_CHECKING:
    import asyncpg

# The event ids of everything that came of a topic; `key` is the record's.
ROWS_OF: dict[Topic, str] = {
    Topic.CHAT_MESSAGES: (
        "select event_id, id as key from conversations union all"
        " select event_id, conversation_id from messages where type = 'message'"
    ),
    Topic.CHAT_REPLIES: (
        "select event_id, conversation_id as key from messages where type = 'reply'"
    ),
    Topic.MESSAGE_INSIGHTS: "select event_id, conversation_id as key from message_insights",
}

# What has more rows than one though it happened once. To ask again for an answer makes another: it
# has another cause.
DOUBLED_OF: dict[Topic, str] = {
    Topic.CHAT_MESSAGES: (
        "select message_id, min(conversation_id::text) as key, count(*) - 1 as more"
        " from messages where type = 'message' group by message_id having count(*) > 1"
    ),
    Topic.CHAT_REPLIES: (
        "select in_reply_to, min(conversation_id::text) as key, count(*) - 1 as more"
        " from messages where type = 'reply'"
        " group by in_reply_to, body ->> 'causation_id' having count(*) > 1"
    ),
    Topic.MESSAGE_INSIGHTS: (
        "select message_id, min(conversation_id::text) as key, count(*) - 1 as more"
        " from message_insights group by message_id having count(*) > 1"
    ),
}

_SETUP = """
create temp table log_entries
    (topic text, partition int, "offset" bigint, event_id uuid, expired bool) on commit drop;
create temp table log_excused
    (topic text, partition int, "offset" bigint, event_id uuid, expired bool) on commit drop;
"""
_READY = """
create index on log_entries (event_id);
analyze log_entries;
analyze log_excused;
"""
_POSITIONS = """
select topic, partition, next_offset from consumer_offsets where group_id = $1
"""
# An event counts where it stands first; a record that names none counts by its place. Of an
# event's records one may be dead-lettered and another stored: stored is what is asked first.
_KEPT = """
select entry.topic, entry.partition, entry."offset", entry.event_id,
    stored.event_id is not null as stored,
    stored.event_id is null and (
        excused."offset" is not null or (entry.event_id is null and entry.expired)
    ) as excused
from (
    select distinct on (partition, coalesce(event_id::text, "offset"::text)) *
    from log_entries where topic = $1
    order by partition, coalesce(event_id::text, "offset"::text), "offset"
) as entry
left join ({rows}) as stored using (event_id)
left join (
    select distinct topic, partition, "offset" from log_excused
) as excused using (topic, partition, "offset")
order by entry.partition, entry."offset"
"""
_UNEXPECTED = """
select stored.event_id, stored.key from ({rows}) as stored
where not exists (
    select from log_entries where topic = $1 and log_entries.event_id = stored.event_id
)
order by stored.event_id
"""


class Snapshot:
    """Tables as of one moment, with the log beside them to be compared in the database."""

    def __init__(self, connection: "asyncpg.Connection") -> None:
        self._connection = connection
        self.changed = Changed(connection)

    async def positions(self, group: str) -> dict[tuple[str, int], int]:
        """Return how far the group has come, as of the very moment of the rows."""
        rows = await self._connection.fetch(_POSITIONS, group)
        return {(row["topic"], row["partition"]): row["next_offset"] for row in rows}

    async def add(self, entries: Iterable[Entry]) -> None:
        """Take records of the log in: what owes a row, and what changes one."""
        entries = list(entries)
        await self._copy("log_entries", (each for each in entries if not each.changes))
        await self.changed.add(entries)

    async def excuse(self, entries: Iterable[Entry]) -> None:
        """Take the places of dead-lettered records in."""
        await self._copy("log_excused", entries)

    async def _copy(self, table: str, entries: Iterable[Entry]) -> None:
        records = [each[:5] for each in entries]
        await self._connection.copy_records_to_table(table, records=records)

    async def ready(self) -> None:
        """Prepare for questions, when all is in."""
        await self._connection.execute(_READY)
        await self.changed.ready()

    async def kept(self, topic: Topic) -> AsyncIterator[Kept]:
        """Give every event of the log once, in its order."""
        query = _KEPT.format(rows=ROWS_OF[topic])
        async for row in self._connection.cursor(query, topic.value, prefetch=CURSOR_ROWS):
            yield Kept(*row)

    async def unexpected(self, topic: Topic) -> AsyncIterator[tuple[UUID, UUID]]:
        """Give the rows that no record accounts for: event and key."""
        query = _UNEXPECTED.format(rows=ROWS_OF[topic])
        async for row in self._connection.cursor(query, topic.value, prefetch=CURSOR_ROWS):
            yield row["event_id"], row["key"]

    async def doubled(self, topic: Topic) -> AsyncIterator[tuple[UUID, str, int]]:
        """Give what has too many rows: of what, the key, and how many too many."""
        async for row in self._connection.cursor(DOUBLED_OF[topic], prefetch=CURSOR_ROWS):
            subject, key, more = row
            yield subject, key, more


@asynccontextmanager
async def snapshot(url: str) -> AsyncIterator[Snapshot]:
    """Hold one moment of the tables; consumers go on writing meanwhile."""
    async with database(url) as connection, connection.transaction(isolation="repeatable_read"):
        await connection.execute(_SETUP)
        tables = Snapshot(connection)
        await tables.changed.begin()
        yield tables
