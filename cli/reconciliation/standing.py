"""The changes' half of the comparison: what should stand after merging, and what does."""

from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING

from cli.reconciliation.log import Entry
from cli.reconciliation.verdict import Standing

if TYPE_CHECKING:
    import asyncpg

CURSOR_ROWS = 2_000

_SETUP = """
create temp table log_changes (
    topic text, partition int, "offset" bigint, event_id uuid,
    kind text, conversation uuid, subject text, at timestamptz, id uuid, value text, about uuid
) on commit drop;
"""
# A reason is not kept once its question was deleted, whichever of them came first. Of a deleted
# conversation no word is kept: neither title nor edits, and no reason or note (ADR 0033).
_READY = """
delete from log_changes using conversation_changes as gone
where gone.conversation_id = conversation and gone.deleted_at is not null
    and kind in ('edit', 'deletion', 'title');
update log_changes set value = split_part(value, ' ', 1) || ' '
from conversation_changes as gone
where gone.conversation_id = conversation and gone.deleted_at is not null
    and kind in ('rating', 'handover');
update log_changes set value = split_part(value, ' ', 1) || ' '
where about is not null and exists (
    select from messages where message_id = about and deleted_at is not null
);
create index on log_changes (kind, subject);
analyze log_changes;
"""
_DIGEST = "coalesce(encode(sha256(convert_to({}, 'UTF8')), 'hex'), '')"
# The tables' rows as what is made of which thing, in the words of `State`; `key` is the record's.
_STORED = f"""
select 'edit' as kind, concat_ws(' ', message_id, sender_id) as subject, edited_at as at,
    edit_id as id, {_DIGEST.format("text")} as value, conversation_id as key
from message_changes where edit_id is not null
union all
select 'deletion', concat_ws(' ', message_id, sender_id), deleted_at, message_id, '',
    conversation_id
from message_changes where deleted_at is not null
union all
select 'reaction', concat_ws(' ', message_id, user_id, emoji), occurred_at, event_id,
    active::text, conversation_id
from reactions
union all
select 'rating', concat_ws(' ', message_id, user_id), occurred_at, event_id,
    rating || ' ' || {_DIGEST.format("reason")}, conversation_id
from feedback
union all
select 'read', concat_ws(' ', conversation_id, user_id), up_to, message_id, '', conversation_id
from read_marks
union all
select 'delivered', concat_ws(' ', conversation_id, user_id), up_to, message_id, '',
    conversation_id
from delivery_marks
union all
select 'handover', conversation_id::text, since, event_id,
    handler || ' ' || {_DIGEST.format("note")}, conversation_id
from conversation_handlers
union all
select 'agent', concat_ws(' ', conversation_id, agent_id), to_timestamp(0), agent_id, '',
    conversation_id
from conversation_agents
union all
select 'title', conversation_id::text, titled_at, title_id, {_DIGEST.format("title")},
    conversation_id
from conversation_changes where titled_at is not null
union all
select 'end', conversation_id::text, to_timestamp(0), conversation_id, '', conversation_id
from conversation_changes where ended_at is not null
union all
select 'removal', conversation_id::text, to_timestamp(0), conversation_id, '', conversation_id
from conversation_changes where deleted_at is not null
"""  # noqa: S608 - our own columns
# Merged as persistence merges (ADR 0013). A record that was dead-lettered may have been put back
# or not: where it would be the last, its state is as good as the one before it. An edit of what
# was deleted is not kept.
_STANDING = f"""
with stored as materialized ({_STORED}),
entry as materialized (
    select log_changes.*, excused."offset" is not null as excused
    from log_changes left join (
        select distinct topic, partition, "offset" from log_excused
    ) as excused using (topic, partition, "offset")
),
owed as (
    select distinct on (kind, subject) * from entry where not excused
    order by kind, subject, at desc, id desc
),
gone as (select subject as what from stored where kind = 'deletion')
select owed.topic, owed.partition, kind, coalesce(owed.event_id, stored.id) as name, stored.key,
    case
        when stored.at is null then 'missing'
        when (owed.at, owed.id, owed.value) is not distinct from
            (stored.at, stored.id, stored.value) then null
        when exists (
            select from entry
            where entry.excused and (entry.kind, entry.subject) = (stored.kind, stored.subject)
                and (entry.at, entry.id, entry.value) = (stored.at, stored.id, stored.value)
                and (owed.at is null or (entry.at, entry.id) > (owed.at, owed.id))
        ) then null
        when owed.at is null then 'unexpected'
        else 'different'
    end as finding
from owed full join stored using (kind, subject)
left join gone on owed.kind = 'edit' and gone.what = owed.subject
where stored.at is not null or gone.what is null
order by owed.topic, owed.partition, owed."offset", name
"""  # noqa: S608 - our own columns


class Changed:
    """The log's changes beside the rows that are made of them, in one moment's tables."""

    def __init__(self, connection: "asyncpg.Connection") -> None:
        self._connection = connection

    async def begin(self) -> None:
        """Make room."""
        await self._connection.execute(_SETUP)

    async def add(self, entries: Iterable[Entry]) -> None:
        """Take records of the log in, of which those that leave something count."""
        records = [(*each[:4], *each.state) for each in entries if each.state is not None]
        await self._connection.copy_records_to_table("log_changes", records=records)

    async def ready(self) -> None:
        """Prepare for questions, when all is in."""
        await self._connection.execute(_READY)

    async def standing(self) -> AsyncIterator[Standing]:
        """Give everything that was changed, on the log or in the tables, and how they agree."""
        async for row in self._connection.cursor(_STANDING, prefetch=CURSOR_ROWS):
            yield Standing(*row)
