"""What persistence asks of its store, and the rows it writes there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """A conversation as it was started."""

    id: UUID
    owner_id: UUID
    title: str | None
    started_at: datetime
    event_id: UUID


@dataclass(frozen=True, slots=True)
class MessageRow:
    """Something said, by a person or the assistant; `body` is the event's JSON as published."""

    event_id: UUID
    message_id: UUID
    conversation_id: UUID
    occurred_at: datetime
    type: str
    sender_id: UUID
    sender_kind: str
    text: str
    in_reply_to: UUID | None
    body: str


@dataclass(frozen=True, slots=True)
class InsightRow:
    """What was understood of a message; `entities` is JSON."""

    event_id: UUID
    message_id: UUID
    conversation_id: UUID
    user_id: UUID
    occurred_at: datetime
    intent: str | None
    confidence: float
    in_scope: bool
    sentiment: str
    language: str
    entities: str
    model_version: str


class Archive(Protocol):
    """Keeps rows.

    Idempotency: a row whose event or message is there already changes nothing.
    """

    async def add_conversations(self, rows: Sequence[ConversationRow]) -> None:
        """Keep conversations."""
        ...

    async def add_messages(self, rows: Sequence[MessageRow]) -> None:
        """Keep messages and replies."""
        ...

    async def add_insights(self, rows: Sequence[InsightRow]) -> None:
        """Keep insights."""
        ...
