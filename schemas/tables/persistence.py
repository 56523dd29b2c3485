"""What the persistence consumer owns: conversations, messages and what was understood of them."""

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    Index,
    String,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy import (
    text as sql_text,
)
from sqlalchemy.dialects.postgresql import JSONB

from schemas.tables.base import METADATA, Timestamp

conversations = Table(
    "conversations",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("owner_id", Uuid, nullable=False),
    Column("title", String(120), nullable=True),
    Column("status", String(16), nullable=False, server_default="active"),
    Column("started_at", Timestamp, nullable=False),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("updated_at", Timestamp, nullable=False, server_default=func.now()),
    # Of the latest rename; without one the title is the start's.
    Column("titled_at", Timestamp, nullable=True),
    Column("title_id", Uuid, nullable=True),
    Column("ended_at", Timestamp, nullable=True),
    Column("deleted_at", Timestamp, nullable=True),
    Index("ix_conversations_owner_id_started_at_id", "owner_id", "started_at", "id"),
)

# Apart from `conversations`, because it may be known before the conversation is.
conversation_changes = Table(
    "conversation_changes",
    METADATA,
    Column("conversation_id", Uuid, primary_key=True),
    Column("title", String(120), nullable=True),
    Column("titled_at", Timestamp, nullable=True),
    Column("title_id", Uuid, nullable=True),
    Column("ended_at", Timestamp, nullable=True),
    Column("deleted_at", Timestamp, nullable=True),
)

# Apart from `conversations`, because it may be known before the conversation is.
conversation_handlers = Table(
    "conversation_handlers",
    METADATA,
    Column("conversation_id", Uuid, primary_key=True),
    Column("handler", String(16), nullable=False),
    Column("note", Text, nullable=True),
    Column("since", Timestamp, nullable=False),
    Column("event_id", Uuid, nullable=False),
    # What agents work off: conversations that wait for a person, the longest waiting first.
    Index(
        "ix_conversation_handlers_waiting",
        "since",
        "conversation_id",
        postgresql_where=sql_text("handler = 'agent'"),
    ),
)

# Who came into somebody else's conversation; apart for the same reason.
conversation_agents = Table(
    "conversation_agents",
    METADATA,
    Column("conversation_id", Uuid, primary_key=True),
    Column("agent_id", Uuid, primary_key=True),
    Column("name", String(80), nullable=False),
    Column("joined_at", Timestamp, nullable=False),
    Column("event_id", Uuid, nullable=False),
)

messages = Table(
    "messages",
    METADATA,
    Column("event_id", Uuid, primary_key=True),
    Column("message_id", Uuid, nullable=False, unique=True),
    Column("conversation_id", Uuid, nullable=False),
    Column("occurred_at", Timestamp, nullable=False),
    Column("type", String(16), nullable=False),
    Column("sender_id", Uuid, nullable=False),
    Column("sender_kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("in_reply_to", Uuid, nullable=True),
    # The event's body, by edits and deletion made what it is now: history answers with it.
    Column("body", JSONB, nullable=False),
    Column("edited_at", Timestamp, nullable=True),
    Column("deleted_at", Timestamp, nullable=True),
    Index(
        "ix_messages_conversation_id_occurred_at_event_id",
        "conversation_id",
        "occurred_at",
        "event_id",
    ),
    # What the editors of the knowledge base work off: answers that were none.
    Index(
        "ix_messages_handed_over",
        "occurred_at",
        "event_id",
        postgresql_where=sql_text("type = 'reply' and body ->> 'source' = 'handover'"),
    ),
)

message_insights = Table(
    "message_insights",
    METADATA,
    Column("event_id", Uuid, primary_key=True),
    Column("message_id", Uuid, nullable=False, unique=True),
    Column("conversation_id", Uuid, nullable=False, index=True),
    Column("user_id", Uuid, nullable=False),
    Column("occurred_at", Timestamp, nullable=False),
    Column("intent", Text, nullable=True),
    Column("confidence", Float, nullable=False),
    Column("in_scope", Boolean, nullable=False),
    Column("sentiment", String(16), nullable=False),
    Column("language", String(8), nullable=False),
    Column("entities", JSONB, nullable=False),
    Column("model_version", Text, nullable=False),
)

# What senders wished of a message, kept apart because it may be known before the message is;
# only the author's row is ever applied.
message_changes = Table(
    "message_changes",
    METADATA,
    Column("message_id", Uuid, primary_key=True),
    Column("sender_id", Uuid, primary_key=True),
    Column("conversation_id", Uuid, nullable=False, index=True),
    Column("text", Text, nullable=True),
    Column("edited_at", Timestamp, nullable=True),
    Column("edit_id", Uuid, nullable=True),
    Column("deleted_at", Timestamp, nullable=True),
)

reactions = Table(
    "reactions",
    METADATA,
    Column("message_id", Uuid, primary_key=True),
    Column("user_id", Uuid, primary_key=True),
    Column("emoji", String(16), primary_key=True),
    Column("conversation_id", Uuid, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("occurred_at", Timestamp, nullable=False),
    Column("event_id", Uuid, nullable=False),
)

# A reason goes with the question that it is about; `in_reply_to` is that question.
feedback = Table(
    "feedback",
    METADATA,
    Column("message_id", Uuid, primary_key=True),
    Column("user_id", Uuid, primary_key=True),
    Column("conversation_id", Uuid, nullable=False, index=True),
    Column("in_reply_to", Uuid, nullable=False),
    Column("rating", String(8), nullable=False),
    Column("reason", String(500), nullable=True),
    Column("occurred_at", Timestamp, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Index("ix_feedback_in_reply_to", "in_reply_to"),
    Index("ix_feedback_occurred_at_event_id", "occurred_at", "event_id"),
)

read_marks = Table(
    "read_marks",
    METADATA,
    Column("conversation_id", Uuid, primary_key=True),
    Column("user_id", Uuid, primary_key=True),
    Column("message_id", Uuid, nullable=False),
    Column("up_to", Timestamp, nullable=False),
)

# As read marks: whose devices have everything up to which message.
delivery_marks = Table(
    "delivery_marks",
    METADATA,
    Column("conversation_id", Uuid, primary_key=True),
    Column("user_id", Uuid, primary_key=True),
    Column("message_id", Uuid, nullable=False),
    Column("up_to", Timestamp, nullable=False),
)
