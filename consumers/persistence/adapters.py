"""The archive in PostgreSQL: a few statements per batch, however many rows."""

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter
from uuid import UUID

from consumers.delivery.database import Connection
from consumers.persistence import conversation_changes
from consumers.persistence.ports import (
    AgentRow,
    ConversationRow,
    DeletionRow,
    DeliveryMarkRow,
    EditRow,
    EndRow,
    FeedbackRow,
    HandlerRow,
    InsightRow,
    MessageRow,
    ReactionRow,
    ReadMarkRow,
    RemovalRow,
    TitleRow,
)

_CONVERSATIONS = """
insert into conversations (id, owner_id, title, started_at, event_id)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::uuid[])
on conflict do nothing
"""
_HANDLERS = """
insert into conversation_handlers as known (conversation_id, handler, note, since, event_id)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::uuid[])
on conflict (conversation_id) do update
set handler = excluded.handler, note = excluded.note,
    since = excluded.since, event_id = excluded.event_id
where (known.since, known.event_id) < (excluded.since, excluded.event_id)
"""
_AGENTS = """
insert into conversation_agents as known (conversation_id, agent_id, name, joined_at, event_id)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::uuid[])
on conflict (conversation_id, agent_id) do update
set name = excluded.name, joined_at = excluded.joined_at
where known.joined_at > excluded.joined_at
"""
_MESSAGES = """
insert into messages (
    event_id, message_id, conversation_id, occurred_at, type, sender_id, sender_kind, text,
    in_reply_to, body
)
select * from unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[], $6::uuid[], $7::text[],
    $8::text[], $9::uuid[], $10::jsonb[]
)
on conflict do nothing
"""
_INSIGHTS = """
insert into message_insights (
    event_id, message_id, conversation_id, user_id, occurred_at, intent, confidence, in_scope,
    sentiment, language, entities, model_version
)
select * from unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::timestamptz[], $6::text[], $7::float8[],
    $8::bool[], $9::text[], $10::text[], $11::jsonb[], $12::text[]
)
on conflict do nothing
"""

_EDITS = """
insert into message_changes as known
    (message_id, sender_id, conversation_id, text, edited_at, edit_id)
select * from unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::uuid[]
)
on conflict (message_id, sender_id) do update
set text = excluded.text, edited_at = excluded.edited_at, edit_id = excluded.edit_id
where known.deleted_at is null and (
    known.edited_at is null
    or (known.edited_at, known.edit_id) < (excluded.edited_at, excluded.edit_id)
)
"""
# What was deleted is not kept anywhere, in no wording.
_DELETIONS = """
insert into message_changes as known (message_id, sender_id, conversation_id, deleted_at)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[])
on conflict (message_id, sender_id) do update
set deleted_at = greatest(known.deleted_at, excluded.deleted_at),
    text = null, edited_at = null, edit_id = null
"""
_REACTIONS = """
insert into reactions as known
    (message_id, user_id, emoji, conversation_id, active, occurred_at, event_id)
select * from unnest(
    $1::uuid[], $2::uuid[], $3::text[], $4::uuid[], $5::bool[], $6::timestamptz[], $7::uuid[]
)
on conflict (message_id, user_id, emoji) do update
set active = excluded.active, occurred_at = excluded.occurred_at, event_id = excluded.event_id
where (known.occurred_at, known.event_id) < (excluded.occurred_at, excluded.event_id)
"""
_FEEDBACK = """
insert into feedback as known (
    message_id, user_id, conversation_id, in_reply_to, rating, reason, occurred_at, event_id
)
select * from unnest(
    $1::uuid[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::timestamptz[],
    $8::uuid[]
)
on conflict (message_id, user_id) do update
set rating = excluded.rating, reason = excluded.reason,
    occurred_at = excluded.occurred_at, event_id = excluded.event_id
where (known.occurred_at, known.event_id) < (excluded.occurred_at, excluded.event_id)
"""
_MARKS = """
insert into {table} as known (conversation_id, user_id, message_id, up_to)
select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::timestamptz[])
on conflict (conversation_id, user_id) do update
set message_id = excluded.message_id, up_to = excluded.up_to
where (known.up_to, known.message_id) < (excluded.up_to, excluded.message_id)
"""
_READ_MARKS = _MARKS.format(table="read_marks")
_DELIVERY_MARKS = _MARKS.format(table="delivery_marks")
# Almost always nothing: one look-up per batch is all that ordinary messages pay.
_CHANGED = "select array_agg(message_id) from message_changes where message_id = any($1::uuid[])"
_SETTLE_EDITED = """
update messages as said
set text = change.text,
    edited_at = change.edited_at,
    body = said.body || jsonb_build_object(
        'text', change.text,
        'edited_at',
        to_char(change.edited_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
    )
from message_changes as change
where change.message_id = any($1::uuid[])
    and change.deleted_at is null
    and said.message_id = change.message_id
    and said.sender_id = change.sender_id
    and said.conversation_id = change.conversation_id
    and (said.edited_at, said.text) is distinct from (change.edited_at, change.text)
"""
_SETTLE_DELETED = """
update messages as said
set text = '',
    edited_at = null,
    deleted_at = change.deleted_at,
    body = (said.body - 'edited_at')
        || '{"text": null, "deleted": true, "attachments": []}'::jsonb
from message_changes as change
where change.message_id = any($1::uuid[])
    and change.deleted_at is not null
    and said.message_id = change.message_id
    and said.sender_id = change.sender_id
    and said.conversation_id = change.conversation_id
    and said.deleted_at is distinct from change.deleted_at
"""
_SETTLE_INSIGHTS = """
update message_insights as insight
set entities = '[]'::jsonb
from messages as said
where insight.message_id = any($1::uuid[])
    and said.message_id = insight.message_id
    and said.deleted_at is not null
"""
_SETTLE_FEEDBACK = """
update feedback as given
set reason = null
from messages as said
where given.in_reply_to = any($1::uuid[])
    and given.reason is not null
    and said.message_id = given.in_reply_to
    and said.deleted_at is not null
"""

Rows = (
    Sequence[ConversationRow]
    | Sequence[TitleRow]
    | Sequence[EndRow]
    | Sequence[RemovalRow]
    | Sequence[HandlerRow]
    | Sequence[AgentRow]
    | Sequence[MessageRow]
    | Sequence[InsightRow]
    | Sequence[EditRow]
    | Sequence[DeletionRow]
    | Sequence[ReactionRow]
    | Sequence[FeedbackRow]
    | Sequence[ReadMarkRow]
    | Sequence[DeliveryMarkRow]
)


class PostgresArchive:
    """Writes in the transaction of the connection it is given."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add_conversations(self, rows: Sequence[ConversationRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(_CONVERSATIONS, *_columns(rows))

    async def add_titles(self, rows: Sequence[TitleRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(conversation_changes.KEEP_TITLES, *_columns(rows))

    async def add_ends(self, rows: Sequence[EndRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(conversation_changes.KEEP_ENDS, *_columns(rows))

    async def add_removals(self, rows: Sequence[RemovalRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(conversation_changes.KEEP_REMOVALS, *_columns(rows))

    async def settle_conversations(self, conversation_ids: Sequence[UUID]) -> None:
        """See `Archive`."""
        await conversation_changes.settle(self._connection, conversation_ids)

    async def add_handlers(self, rows: Sequence[HandlerRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(_HANDLERS, *_columns(rows))

    async def add_agents(self, rows: Sequence[AgentRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(_AGENTS, *_columns(rows))

    async def add_messages(self, rows: Sequence[MessageRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(_MESSAGES, *_columns(rows))

    async def add_insights(self, rows: Sequence[InsightRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(_INSIGHTS, *_columns(rows))

    async def add_edits(self, rows: Sequence[EditRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(_EDITS, *_columns(rows))

    async def add_deletions(self, rows: Sequence[DeletionRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(_DELETIONS, *_columns(rows))

    async def add_reactions(self, rows: Sequence[ReactionRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(_REACTIONS, *_columns(rows))

    async def add_feedback(self, rows: Sequence[FeedbackRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(_FEEDBACK, *_columns(rows))

    async def add_read_marks(self, rows: Sequence[ReadMarkRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(_READ_MARKS, *_columns(rows))

    async def add_delivery_marks(self, rows: Sequence[DeliveryMarkRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(_DELIVERY_MARKS, *_columns(rows))

    async def settle(self, message_ids: Sequence[UUID]) -> None:
        """See `Archive`."""
        changed = await self._connection.fetchval(_CHANGED, message_ids)
        if not changed:
            return
        for statement in (_SETTLE_EDITED, _SETTLE_DELETED, _SETTLE_INSIGHTS, _SETTLE_FEEDBACK):
            await self._connection.execute(statement, changed)


def _columns(rows: Rows) -> list[tuple[object, ...]]:
    # Not astuple: it copies every value deeply, which cost more than the insert.
    values = attrgetter(*(each.name for each in fields(rows[0])))
    return list(zip(*map(values, rows), strict=True))
