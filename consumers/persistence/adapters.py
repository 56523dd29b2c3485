"""The archive in PostgreSQL: a few statements per batch, however many rows."""

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter

from consumers.delivery.database import Connection
from consumers.persistence.ports import ConversationRow, InsightRow, MessageRow

_CONVERSATIONS = """
insert into conversations (id, owner_id, title, started_at, event_id)
select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[], $5::uuid[])
on conflict do nothing
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

Rows = Sequence[ConversationRow] | Sequence[MessageRow] | Sequence[InsightRow]


class PostgresArchive:
    """Writes in the transaction of the connection it is given."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add_conversations(self, rows: Sequence[ConversationRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(_CONVERSATIONS, *_columns(rows))

    async def add_messages(self, rows: Sequence[MessageRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(_MESSAGES, *_columns(rows))

    async def add_insights(self, rows: Sequence[InsightRow]) -> None:
        """See `Archive`."""
        await self._connection.execute(_INSIGHTS, *_columns(rows))


def _columns(rows: Rows) -> list[tuple[object, ...]]:
    # Not astuple: it copies every value deeply, which cost more than the insert.
    values = attrgetter(*(each.name for each in fields(rows[0])))
    return list(zip(*map(values, rows), strict=True))
