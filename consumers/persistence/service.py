"""Turns events into the rows that history is read from."""

from collections.abc import Iterable
from functools import singledispatch

from pydantic import TypeAdapter

from consumers.persistence.ports import Archive, ConversationRow, InsightRow, MessageRow
from schemas.events.chat import ConversationStarted, MessageSent
from schemas.events.envelope import Event
from schemas.events.insights import Entity, MessageAnalyzed
from schemas.events.replies import ReplyGenerated

Row = ConversationRow | MessageRow | InsightRow

_ENTITIES = TypeAdapter(tuple[Entity, ...])


async def keep(archive: Archive, events: Iterable[tuple[Event, str]]) -> None:
    """Write what the events become; each comes with its JSON as it was published."""
    rows = [row_of(event, body) for event, body in events]
    if conversations := [row for row in rows if isinstance(row, ConversationRow)]:
        await archive.add_conversations(conversations)
    if messages := [row for row in rows if isinstance(row, MessageRow)]:
        await archive.add_messages(messages)
    if insights := [row for row in rows if isinstance(row, InsightRow)]:
        await archive.add_insights(insights)


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
