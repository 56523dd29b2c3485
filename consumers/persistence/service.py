"""Turns events into the rows that history is read from."""

from collections.abc import Iterable, Sequence
from functools import singledispatch
from operator import attrgetter
from typing import TYPE_CHECKING, TypeVar

from pydantic import TypeAdapter

from consumers.persistence.ports import (
    AgentRow,
    Archive,
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
from schemas.events.chat import (
    AgentJoined,
    ConversationStarted,
    FeedbackGiven,
    HandoverEvent,
    MessageDeleted,
    MessageEdited,
    MessagesDelivered,
    MessageSent,
    MessagesRead,
    ReactionSet,
)
from schemas.events.conversations import (
    ConversationDeleted,
    ConversationEnded,
    ConversationRenamed,
)
from schemas.events.envelope import Event
from schemas.events.insights import Entity, MessageAnalyzed
from schemas.events.replies import ReplyGenerated

if TYPE_CHECKING:
    from uuid import UUID

Row = (
    ConversationRow
    | TitleRow
    | EndRow
    | RemovalRow
    | HandlerRow
    | AgentRow
    | MessageRow
    | InsightRow
    | EditRow
    | DeletionRow
    | ReactionRow
    | FeedbackRow
    | ReadMarkRow
    | DeliveryMarkRow
)
Kind = TypeVar("Kind")

_ENTITIES = TypeAdapter(tuple[Entity, ...])


async def keep(archive: Archive, events: Iterable[tuple[Event, str]]) -> None:
    """Write what the events become; each comes with its JSON as it was published."""
    made = (row_of(event, body) for event, body in events)
    rows = [row for row in made if row is not None]
    if conversations := [row for row in rows if isinstance(row, ConversationRow)]:
        await archive.add_conversations(conversations)
    if messages := [row for row in rows if isinstance(row, MessageRow)]:
        await archive.add_messages(messages)
    if insights := [row for row in rows if isinstance(row, InsightRow)]:
        await archive.add_insights(insights)
    await _keep_changes(archive, rows)
    await _keep_wholes(archive, rows)
    touched = {
        row.message_id
        for row in rows
        if isinstance(row, MessageRow | InsightRow | EditRow | DeletionRow)
    } | {row.in_reply_to for row in rows if isinstance(row, FeedbackRow)}
    if touched:
        await archive.settle(sorted(touched))
    # Last, because of a deleted conversation nothing of this may be left.
    if rows:
        await archive.settle_conversations(sorted({_conversation_of(row) for row in rows}))


async def _keep_changes(archive: Archive, rows: Sequence[Row]) -> None:
    if edits := _last(_of(rows, EditRow), ("message_id", "sender_id"), ("edited_at", "edit_id")):
        await archive.add_edits(edits)
    if deletions := _last(_of(rows, DeletionRow), ("message_id", "sender_id"), ("deleted_at",)):
        await archive.add_deletions(deletions)
    if reactions := _last(
        _of(rows, ReactionRow), ("message_id", "user_id", "emoji"), ("occurred_at", "event_id")
    ):
        await archive.add_reactions(reactions)
    if ratings := _last(
        _of(rows, FeedbackRow), ("message_id", "user_id"), ("occurred_at", "event_id")
    ):
        await archive.add_feedback(ratings)
    if marks := _last(
        _of(rows, ReadMarkRow), ("conversation_id", "user_id"), ("up_to", "message_id")
    ):
        await archive.add_read_marks(marks)
    if delivered := _last(
        _of(rows, DeliveryMarkRow), ("conversation_id", "user_id"), ("up_to", "message_id")
    ):
        await archive.add_delivery_marks(delivered)


async def _keep_wholes(archive: Archive, rows: Sequence[Row]) -> None:
    if handlers := _last(_of(rows, HandlerRow), ("conversation_id",), ("since", "event_id")):
        await archive.add_handlers(handlers)
    joins = sorted(_of(rows, AgentRow), key=attrgetter("joined_at"), reverse=True)
    if agents := {(row.conversation_id, row.agent_id): row for row in joins}:
        await archive.add_agents(list(agents.values()))
    if titles := _last(_of(rows, TitleRow), ("conversation_id",), ("titled_at", "title_id")):
        await archive.add_titles(titles)
    if ends := _of(rows, EndRow):
        await archive.add_ends(ends)
    if removals := _of(rows, RemovalRow):
        await archive.add_removals(removals)


def _conversation_of(row: Row) -> "UUID":
    return row.id if isinstance(row, ConversationRow) else row.conversation_id


def _of(rows: Sequence[Row], kind: type[Kind]) -> list[Kind]:
    return [row for row in rows if isinstance(row, kind)]


def _last(rows: list[Kind], subject: tuple[str, ...], rank: tuple[str, ...]) -> list[Kind]:
    """Return the row that counts of each subject: one statement may change a row only once."""
    by_rank = sorted(rows, key=attrgetter(*rank))
    what = attrgetter(*subject)
    return list({what(row): row for row in by_rank}.values())


@singledispatch
def row_of(event: Event, body: str) -> Row | None:
    """Return the row of an event, or None for one that history does not show."""
    del event, body
    return None


@row_of.register
def _(event: ConversationStarted, body: str) -> Row:
    del body
    return ConversationRow(
        id=event.conversation_id,
        owner_id=event.owner_id,
        title=event.title,
        started_at=event.occurred_at,
        event_id=event.event_id,
    )


@row_of.register
def _(event: ConversationRenamed, body: str) -> Row:
    del body
    return TitleRow(event.conversation_id, event.title, event.occurred_at, event.event_id)


@row_of.register
def _(event: ConversationEnded, body: str) -> Row:
    del body
    return EndRow(event.conversation_id, event.occurred_at)


@row_of.register
def _(event: ConversationDeleted, body: str) -> Row:
    del body
    return RemovalRow(event.conversation_id, event.occurred_at)


@row_of.register
def _(event: HandoverEvent, body: str) -> Row:
    del body
    return HandlerRow(
        conversation_id=event.conversation_id,
        handler=event.to,
        note=event.note,
        since=event.occurred_at,
        event_id=event.event_id,
    )


@row_of.register
def _(event: AgentJoined, body: str) -> Row:
    del body
    return AgentRow(
        conversation_id=event.conversation_id,
        agent_id=event.sender.id,
        name=event.sender.name,
        joined_at=event.occurred_at,
        event_id=event.event_id,
    )


@row_of.register
def _(event: MessageSent, body: str) -> Row:
    return MessageRow(
        event_id=event.event_id,
        message_id=event.message_id,
        conversation_id=event.conversation_id,
        occurred_at=event.occurred_at,
        type="message",
        sender_id=event.sender.id,
        sender_kind=event.sender.kind,
        text=event.text,
        in_reply_to=event.reply_to,
        body=body,
    )


@row_of.register
def _(event: ReplyGenerated, body: str) -> Row:
    return MessageRow(
        event_id=event.event_id,
        message_id=event.message_id,
        conversation_id=event.conversation_id,
        occurred_at=event.occurred_at,
        type="reply",
        sender_id=event.sender.id,
        sender_kind=event.sender.kind,
        text=event.text,
        in_reply_to=event.in_reply_to,
        body=body,
    )


@row_of.register
def _(event: MessageAnalyzed, body: str) -> Row:
    del body
    return InsightRow(
        event_id=event.event_id,
        message_id=event.message_id,
        conversation_id=event.conversation_id,
        user_id=event.user_id,
        occurred_at=event.occurred_at,
        intent=event.intent,
        confidence=event.confidence,
        in_scope=event.in_scope,
        sentiment=event.sentiment.label,
        language=event.language,
        entities=_ENTITIES.dump_json(event.entities).decode(),
        model_version=event.model_version,
    )


@row_of.register
def _(event: MessageEdited, body: str) -> Row:
    del body
    return EditRow(
        message_id=event.message_id,
        sender_id=event.sender.id,
        conversation_id=event.conversation_id,
        text=event.text,
        edited_at=event.occurred_at,
        edit_id=event.event_id,
    )


@row_of.register
def _(event: MessageDeleted, body: str) -> Row:
    del body
    return DeletionRow(
        message_id=event.message_id,
        sender_id=event.sender.id,
        conversation_id=event.conversation_id,
        deleted_at=event.occurred_at,
    )


@row_of.register
def _(event: ReactionSet, body: str) -> Row:
    del body
    return ReactionRow(
        message_id=event.message_id,
        user_id=event.sender.id,
        emoji=event.emoji,
        conversation_id=event.conversation_id,
        active=event.active,
        occurred_at=event.occurred_at,
        event_id=event.event_id,
    )


@row_of.register
def _(event: FeedbackGiven, body: str) -> Row:
    del body
    return FeedbackRow(
        message_id=event.message_id,
        user_id=event.sender.id,
        conversation_id=event.conversation_id,
        in_reply_to=event.in_reply_to,
        rating=event.rating,
        reason=event.reason,
        occurred_at=event.occurred_at,
        event_id=event.event_id,
    )


@row_of.register
def _(event: MessagesRead, body: str) -> Row:
    del body
    return ReadMarkRow(
        conversation_id=event.conversation_id,
        user_id=event.sender.id,
        message_id=event.message_id,
        up_to=event.up_to,
    )


@row_of.register
def _(event: MessagesDelivered, body: str) -> Row:
    del body
    return DeliveryMarkRow(
        conversation_id=event.conversation_id,
        user_id=event.sender.id,
        message_id=event.message_id,
        up_to=event.up_to,
    )
