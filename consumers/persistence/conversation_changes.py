"""What becomes of stored conversations, in PostgreSQL: titles, ends, and deletions.

A change may be known before its conversation is, so all of them wait beside (ADR 0033).
"""

from collections.abc import Sequence
from uuid import UUID

from consumers.delivery.database import Connection

KEEP_TITLES = """
insert into conversation_changes as known (conversation_id, title, titled_at, title_id)
select * from unnest($1::uuid[], $2::text[], $3::timestamptz[], $4::uuid[])
on conflict (conversation_id) do update
set title = excluded.title, titled_at = excluded.titled_at, title_id = excluded.title_id
where known.deleted_at is null and (
    known.titled_at is null
    or (known.titled_at, known.title_id) < (excluded.titled_at, excluded.title_id)
)
"""
KEEP_ENDS = """
insert into conversation_changes as known (conversation_id, ended_at)
select id, min(at) from unnest($1::uuid[], $2::timestamptz[]) as ended(id, at) group by id
on conflict (conversation_id) do update
set ended_at = least(known.ended_at, excluded.ended_at)
"""
KEEP_REMOVALS = """
insert into conversation_changes as known (conversation_id, deleted_at)
select id, min(at) from unnest($1::uuid[], $2::timestamptz[]) as deleted(id, at) group by id
on conflict (conversation_id) do update
set deleted_at = least(known.deleted_at, excluded.deleted_at),
    title = null, titled_at = null, title_id = null
"""
# Almost always nothing: one look-up per batch is all that ordinary conversations pay.
_CHANGED = """
select array_agg(conversation_id) from conversation_changes
where conversation_id = any($1::uuid[])
"""
_GONE = """
select array_agg(conversation_id) from conversation_changes
where conversation_id = any($1::uuid[]) and deleted_at is not null
"""
# The title that it was started with counts as one of its titles.
_SETTLE = """
update conversations as kept
set title = case when change.deleted_at is not null then null
        when change.later then change.title else kept.title end,
    titled_at = case when change.later then change.titled_at else kept.titled_at end,
    title_id = case when change.later then change.title_id else kept.title_id end,
    status = case when change.deleted_at is not null then 'deleted'
        when change.ended_at is not null then 'ended' else 'active' end,
    ended_at = change.ended_at,
    deleted_at = change.deleted_at
from (
    select changes.*, coalesce(
        (changes.titled_at, changes.title_id) > (started.started_at, started.event_id), false
    ) as later
    from conversation_changes as changes
    join conversations as started on started.id = changes.conversation_id
    where changes.conversation_id = any($1::uuid[])
) as change
where kept.id = change.conversation_id
"""
# The rows stay, for the log has their events; only what caused them is told apart by `verify`.
_EMPTY_MESSAGES = """
update messages as said
set text = '',
    edited_at = null,
    deleted_at = coalesce(said.deleted_at, gone.deleted_at),
    body = jsonb_build_object('causation_id', said.body -> 'causation_id')
from conversation_changes as gone
where gone.conversation_id = any($1::uuid[])
    and said.conversation_id = gone.conversation_id
    and (said.text <> '' or said.body ? 'text')
"""
_EMPTY_INSIGHTS = """
update message_insights set entities = '[]'::jsonb
where conversation_id = any($1::uuid[]) and entities <> '[]'::jsonb
"""
_EMPTY_FEEDBACK = """
update feedback set reason = null
where conversation_id = any($1::uuid[]) and reason is not null
"""
_EMPTY_HANDLERS = """
update conversation_handlers set note = null
where conversation_id = any($1::uuid[]) and note is not null
"""
_EMPTY_EDITS = "delete from message_changes where conversation_id = any($1::uuid[])"
_EMPTIES = (_EMPTY_MESSAGES, _EMPTY_INSIGHTS, _EMPTY_FEEDBACK, _EMPTY_HANDLERS, _EMPTY_EDITS)


async def settle(connection: Connection, conversation_ids: Sequence[UUID]) -> None:
    """Make these conversations what their changes say; of a deleted one no word is left."""
    changed = await connection.fetchval(_CHANGED, conversation_ids)
    if not changed:
        return
    await connection.execute(_SETTLE, changed)
    gone = await connection.fetchval(_GONE, changed)
    if not gone:
        return
    for statement in _EMPTIES:
        await connection.execute(statement, gone)
