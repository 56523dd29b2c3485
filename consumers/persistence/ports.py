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
class TitleRow:
    """A conversation's title; the latest (titled_at, title_id) counts, the start's included."""

    conversation_id: UUID
    title: str
    titled_at: datetime
    title_id: UUID


@dataclass(frozen=True, slots=True)
class EndRow:
    """The end of a conversation, for good."""

    conversation_id: UUID
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class RemovalRow:
    """The deletion of a conversation, for good."""

    conversation_id: UUID
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class HandlerRow:
    """Who handles a conversation from then on; the latest (since, event_id) counts."""

    conversation_id: UUID
    handler: str
    note: str | None
    since: datetime
    event_id: UUID


@dataclass(frozen=True, slots=True)
class AgentRow:
    """Who came into a conversation that is not theirs; the earliest time counts."""

    conversation_id: UUID
    agent_id: UUID
    name: str
    joined_at: datetime
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


@dataclass(frozen=True, slots=True)
class EditRow:
    """Other words for a message, if the sender is its author."""

    message_id: UUID
    sender_id: UUID
    conversation_id: UUID
    text: str
    edited_at: datetime
    edit_id: UUID


@dataclass(frozen=True, slots=True)
class DeletionRow:
    """The end of a message, if the sender is its author."""

    message_id: UUID
    sender_id: UUID
    conversation_id: UUID
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class ReactionRow:
    """An emoji put on a message or taken off it."""

    message_id: UUID
    user_id: UUID
    emoji: str
    conversation_id: UUID
    active: bool
    occurred_at: datetime
    event_id: UUID


@dataclass(frozen=True, slots=True)
class FeedbackRow:
    """What somebody thinks of the answer to a question."""

    message_id: UUID
    user_id: UUID
    conversation_id: UUID
    in_reply_to: UUID
    rating: str
    reason: str | None
    occurred_at: datetime
    event_id: UUID


@dataclass(frozen=True, slots=True)
class ReadMarkRow:
    """How far somebody has read."""

    conversation_id: UUID
    user_id: UUID
    message_id: UUID
    up_to: datetime


@dataclass(frozen=True, slots=True)
class DeliveryMarkRow:
    """How far what was said has reached somebody's devices."""

    conversation_id: UUID
    user_id: UUID
    message_id: UUID
    up_to: datetime


class Archive(Protocol):
    """Keeps rows.

    Idempotency: a row whose event or message is there already changes nothing.
    Ordering: none is needed; of titles, edits, reactions, ratings and hand-overs the latest
    counts, of read and delivery marks the furthest, of joins the earliest, and an end or a
    deletion is for ever. No two rows of one call may be about the same thing, but for ends and
    removals of conversations.
    """

    async def add_conversations(self, rows: Sequence[ConversationRow]) -> None:
        """Keep conversations."""
        ...

    async def add_titles(self, rows: Sequence[TitleRow]) -> None:
        """Keep the latest titles, whether or not their conversations are there yet."""
        ...

    async def add_ends(self, rows: Sequence[EndRow]) -> None:
        """Keep that conversations have ended."""
        ...

    async def add_removals(self, rows: Sequence[RemovalRow]) -> None:
        """Keep that conversations are gone."""
        ...

    async def settle_conversations(self, conversation_ids: Sequence[UUID]) -> None:
        """Make these conversations what their changes say.

        Of a deleted one no word is left, whatever was stored of it, before or just now.
        """
        ...

    async def add_handlers(self, rows: Sequence[HandlerRow]) -> None:
        """Keep who handles conversations, whether or not these are there yet."""
        ...

    async def add_agents(self, rows: Sequence[AgentRow]) -> None:
        """Keep who came into conversations, whether or not these are there yet."""
        ...

    async def add_messages(self, rows: Sequence[MessageRow]) -> None:
        """Keep messages and replies."""
        ...

    async def add_insights(self, rows: Sequence[InsightRow]) -> None:
        """Keep insights."""
        ...

    async def add_edits(self, rows: Sequence[EditRow]) -> None:
        """Keep the latest words, whether or not their message is there yet."""
        ...

    async def add_deletions(self, rows: Sequence[DeletionRow]) -> None:
        """Keep that messages are gone, whether or not they are there yet."""
        ...

    async def add_reactions(self, rows: Sequence[ReactionRow]) -> None:
        """Keep the latest state of reactions."""
        ...

    async def add_feedback(self, rows: Sequence[FeedbackRow]) -> None:
        """Keep the latest rating of each person."""
        ...

    async def add_read_marks(self, rows: Sequence[ReadMarkRow]) -> None:
        """Keep the furthest marks."""
        ...

    async def add_delivery_marks(self, rows: Sequence[DeliveryMarkRow]) -> None:
        """Keep the furthest marks."""
        ...

    async def settle(self, message_ids: Sequence[UUID]) -> None:
        """Make these messages what their authors' changes say; what is deleted loses its text.

        So do reasons that were given for answers to it.
        """
        ...
