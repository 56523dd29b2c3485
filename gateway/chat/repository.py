"""Conversations and history in PostgreSQL, always by keyset over an index."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Row,
    RowMapping,
    Select,
    Table,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import LateralFromClause

from gateway.chat.ports import (
    PREVIEW_CHARS,
    Agent,
    Conversation,
    Handover,
    Place,
    Reaction,
    ReadMark,
    Utterance,
    Waiting,
)
from gateway.database import Database
from producers.records import partition_of
from schemas.events.chat import Handler, Rating
from schemas.positions import PUSHED_TOPICS, Position
from schemas.tables.delivery import consumer_offsets
from schemas.tables.gateway import users
from schemas.tables.persistence import (
    conversation_agents,
    conversation_handlers,
    conversations,
    delivery_marks,
    feedback,
    messages,
    reactions,
    read_marks,
)
from schemas.topics import group_of

_GROUP = group_of("persistence")
_CONVERSATION = (
    conversations.c.id,
    conversations.c.owner_id,
    conversations.c.title,
    conversations.c.status,
    conversations.c.started_at,
    conversations.c.titled_at,
    conversations.c.title_id,
    conversations.c.ended_at,
    conversation_handlers.c.handler.label("handled_by"),
    conversation_handlers.c.since.label("handled_since"),
    users.c.name.label("owner_name"),
)
_HANDLED = conversations.outerjoin(
    conversation_handlers, conversation_handlers.c.conversation_id == conversations.c.id
).outerjoin(users, users.c.id == conversations.c.owner_id)

_TOLD = frozenset(each.name for each in fields(Conversation))

_UTTERANCE = (
    messages.c.type,
    messages.c.body,
    messages.c.occurred_at,
    messages.c.event_id,
    messages.c.message_id,
    messages.c.sender_id,
    messages.c.deleted_at,
)


class PostgresConversations:
    """`gateway.chat.ports.Conversations` on the tables that persistence writes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, conversation_id: UUID) -> Conversation | None:
        """Read by the primary key."""
        query = (
            select(*_CONVERSATION)
            .select_from(_HANDLED)
            .where(conversations.c.id == conversation_id)
        )
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        return None if row is None else _conversation(row)

    async def newest_of(
        self, owner_id: UUID, before: Place | None, limit: int
    ) -> Sequence[Conversation]:
        """Read a page by (owner, started, id); the last message of each by its own index."""
        query = conversations_page(owner_id, before, limit)
        async with self._database.transaction() as connection:
            found = await connection.execute(query)
            return [_conversation(row) for row in found.mappings()]

    async def newest_in(
        self, conversation_id: UUID, reader_id: UUID, before: Place | None, limit: int
    ) -> Sequence[Utterance]:
        """Read a page by (conversation, occurred, event)."""
        query = history_page(conversation_id, before, limit)
        async with self._database.transaction() as connection:
            said = (await connection.execute(query)).all()
            shown = [row.message_id for row in said]
            found = await connection.execute(_reactions_to(shown))
            on: dict[UUID, list[Reaction]] = {}
            for each in found:
                on.setdefault(each.message_id, []).append(Reaction(*each))
            rated = await connection.execute(_ratings_by(reader_id, shown))
            ratings = {row.message_id: Rating(row.rating) for row in rated}
        return [
            replace(_utterance(row, on.get(row.message_id, ())), rating=ratings.get(row.message_id))
            for row in said
        ]

    async def find_message(self, conversation_id: UUID, message_id: UUID) -> Utterance | None:
        """Read by the message's own index."""
        query = select(*_UTTERANCE).where(
            messages.c.message_id == message_id, messages.c.conversation_id == conversation_id
        )
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _utterance(row, ())

    async def read_marks(self, conversation_id: UUID) -> Sequence[ReadMark]:
        """Read by the primary key."""
        return await self._marks(read_marks, conversation_id)

    async def delivery_marks(self, conversation_id: UUID) -> Sequence[ReadMark]:
        """Read by the primary key."""
        return await self._marks(delivery_marks, conversation_id)

    async def _marks(self, table: Table, conversation_id: UUID) -> Sequence[ReadMark]:
        mark = table.c
        query = (
            select(mark.user_id, mark.message_id, mark.up_to)
            .where(mark.conversation_id == conversation_id)
            .order_by(mark.user_id)
        )
        async with self._database.transaction() as connection:
            return [ReadMark(*row) for row in await connection.execute(query)]

    async def handover(self, conversation_id: UUID) -> Handover | None:
        """Read by the primary key."""
        last = conversation_handlers.c
        query = select(last.handler, last.since, last.event_id, last.note).where(
            last.conversation_id == conversation_id
        )
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        return Handover(Handler(row.handler), row.since, row.event_id, row.note)

    async def agents(self, conversation_id: UUID) -> Sequence[Agent]:
        """Read by the primary key."""
        async with self._database.transaction() as connection:
            return [
                Agent(*row[1:]) for row in await connection.execute(_agents_of([conversation_id]))
            ]

    async def waiting(self, after: Place | None, limit: int) -> Sequence[Waiting]:
        """Read a page by (since, conversation), of those that are with a person."""
        query = waiting_page(after, limit)
        async with self._database.transaction() as connection:
            found = (await connection.execute(query)).mappings().all()
            came = await connection.execute(_agents_of([row["id"] for row in found]))
            agents: dict[UUID, list[Agent]] = {}
            for row in came:
                agents.setdefault(row.conversation_id, []).append(Agent(*row[1:]))
        return [
            Waiting(_conversation(row), row["note"], tuple(agents.get(row["id"], ())))
            for row in found
        ]

    async def reached(self, conversation_id: UUID) -> Sequence[Position]:
        """Read what persistence commits together with its rows."""
        logs = {
            (topic.value, partition_of(topic, str(conversation_id).encode("ascii"))): topic
            for topic in PUSHED_TOPICS
        }
        offsets = consumer_offsets.c
        query = select(offsets.topic, offsets.partition, offsets.next_offset).where(
            offsets.group_id == _GROUP, tuple_(offsets.topic, offsets.partition).in_(logs)
        )
        async with self._database.transaction() as connection:
            found = await connection.execute(query)
            return [
                Position(logs[row.topic, row.partition], row.partition, row.next_offset - 1)
                for row in found
                if row.next_offset > 0
            ]


def conversations_page(
    owner_id: UUID, before: Place | None, limit: int
) -> Select[*tuple[object, ...]]:
    """Return the query of an owner's conversations, newest first."""
    first = _first_said()
    last = (
        select(messages.c.occurred_at, messages.c.text)
        .where(messages.c.conversation_id == conversations.c.id)
        .order_by(messages.c.occurred_at.desc(), messages.c.event_id.desc())
        .limit(1)
        .lateral("last")
    )
    started, key = conversations.c.started_at, conversations.c.id
    query = (
        select(
            *_CONVERSATION,
            last.c.occurred_at.label("last_message_at"),
            last.c.text.label("last_message_text"),
            first.c.text.label("first_message_text"),
        )
        .select_from(_HANDLED.outerjoin(last, true()).outerjoin(first, true()))
        .where(conversations.c.owner_id == owner_id, conversations.c.deleted_at.is_(None))
        .order_by(started.desc(), key.desc())
        .limit(limit)
    )
    return query if before is None else query.where(_older(started, key, before))


def waiting_page(after: Place | None, limit: int) -> Select[*tuple[object, ...]]:
    """Return the query of active conversations that are with a person, longest waiting first."""
    first = _first_said()
    since, key = conversation_handlers.c.since, conversation_handlers.c.conversation_id
    query = (
        select(
            *_CONVERSATION,
            first.c.text.label("first_message_text"),
            conversation_handlers.c.note,
        )
        .select_from(_HANDLED.outerjoin(first, true()))
        .where(
            # Not a parameter: a plan for any handler could not use the partial index.
            conversation_handlers.c.handler == literal_column("'agent'"),
            conversations.c.status == "active",
        )
        .order_by(since, key)
        .limit(limit)
    )
    return query if after is None else query.where(tuple_(since, key) > (after.at, after.id))


def history_page(
    conversation_id: UUID, before: Place | None, limit: int
) -> Select[*tuple[object, ...]]:
    """Return the query of what was said, latest first."""
    occurred, key = messages.c.occurred_at, messages.c.event_id
    query = (
        select(*_UTTERANCE)
        .where(messages.c.conversation_id == conversation_id)
        .order_by(occurred.desc(), key.desc())
        .limit(limit)
    )
    return query if before is None else query.where(_older(occurred, key, before))


def _first_said() -> LateralFromClause:
    # Of what people said and did not take back: a title made of it goes when the message goes.
    return (
        select(func.left(messages.c.text, PREVIEW_CHARS).label("text"))
        .where(
            messages.c.conversation_id == conversations.c.id,
            messages.c.type == "message",
            messages.c.deleted_at.is_(None),
        )
        .order_by(messages.c.occurred_at, messages.c.event_id)
        .limit(1)
        .lateral("first")
    )


def _agents_of(conversation_ids: Sequence[UUID]) -> Select[UUID, UUID, str, datetime]:
    came = conversation_agents.c
    return (
        select(came.conversation_id, came.agent_id, came.name, came.joined_at)
        .where(came.conversation_id.in_(conversation_ids))
        .order_by(came.joined_at, came.agent_id)
    )


def _reactions_to(message_ids: Sequence[UUID]) -> Select[UUID, UUID, str]:
    emoji = reactions.c
    return (
        select(emoji.message_id, emoji.user_id, emoji.emoji)
        .where(emoji.message_id.in_(message_ids), emoji.active)
        .order_by(emoji.occurred_at, emoji.event_id)
    )


def _conversation(row: RowMapping) -> Conversation:
    # Nobody has ever handed over what has no row there.
    handled_by = Handler(row["handled_by"] or Handler.ASSISTANT)
    told = {name: value for name, value in row.items() if name in _TOLD}
    titled_at, title_id = row["titled_at"], row["title_id"]
    titled = None if titled_at is None else Place(titled_at, title_id)
    return Conversation(**{**told, "handled_by": handled_by, "titled": titled})


def _ratings_by(reader_id: UUID, message_ids: Sequence[UUID]) -> Select[UUID, str]:
    return select(feedback.c.message_id, feedback.c.rating).where(
        feedback.c.message_id.in_(message_ids), feedback.c.user_id == reader_id
    )


def _utterance(row: Row[*tuple[Any, ...]], on: Sequence[Reaction]) -> Utterance:
    deleted = row.deleted_at is not None
    return Utterance(
        row.type,
        row.body,
        Place(row.occurred_at, row.event_id),
        row.message_id,
        row.sender_id,
        deleted,
        () if deleted else tuple(on),
    )


def _older(
    at: ColumnElement[object], key: ColumnElement[object], place: Place
) -> ColumnElement[bool]:
    # A row comparison is one range of the index; `or` of two comparisons is a filter.
    return tuple_(at, key) < tuple_(place.at, place.id)
