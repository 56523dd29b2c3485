"""What people say and do in a conversation; every event is keyed by the conversation."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from schemas.events.envelope import Event, Value
from schemas.text import Emoji, Instant, MessageText, Note, PersonName, Reason, Title


class SenderKind(StrEnum):
    """Who speaks."""

    USER = "user"
    AGENT = "agent"
    ASSISTANT = "assistant"


class Handler(StrEnum):
    """Who answers in a conversation."""

    ASSISTANT = "assistant"
    AGENT = "agent"
    """A person: the assistant is silent until it is handed back."""


class Rating(StrEnum):
    """What a person thinks of an answer."""

    UP = "up"
    DOWN = "down"


class Sender(Value):
    """The author of a message, stamped by the edge from the session, never from the frame."""

    id: UUID
    kind: SenderKind
    name: PersonName


class Attachment(Value):
    """A reference to an uploaded file."""

    id: UUID


class ConversationEvent(Event):
    """An event that belongs to one conversation."""

    key_field: ClassVar[str] = "conversation_id"

    conversation_id: UUID


class MessageSent(ConversationEvent):
    """A person said something; the body has the field names of the `message` frame."""

    event_type: ClassVar[str] = "chat.message_sent.v1"

    message_id: UUID
    sender: Sender
    text: MessageText
    attachments: tuple[Attachment, ...] = ()
    reply_to: UUID | None = None
    client_message_id: UUID
    answer_by: Instant | None = None
    """When its author stops waiting for the assistant; None when no answer is awaited."""

    @property
    def deadline(self) -> datetime | None:
        """When its author stops waiting."""
        return self.answer_by


class ConversationStarted(ConversationEvent):
    """A user opened a conversation and owns it."""

    event_type: ClassVar[str] = "chat.conversation_started.v1"

    owner_id: UUID
    title: Title | None = None
    client_conversation_id: UUID


class HandoverEvent(ConversationEvent):
    """Somebody else is to answer in a conversation; the latest (occurred_at, event_id) counts.

    The body has the field names of the `handover` frame.
    """

    sender: Sender
    """Who hands over."""
    to: Handler
    note: Note | None = None
    """Why, or what to know first; everybody in the conversation sees it."""


class ConversationHandedOver(HandoverEvent):
    """A person calls a colleague, or lets the assistant answer again."""

    event_type: ClassVar[str] = "chat.handed_over.v1"


class AgentJoined(ConversationEvent):
    """A colleague came into somebody else's conversation, and stays in it; twice is once."""

    event_type: ClassVar[str] = "chat.agent_joined.v1"

    sender: Sender
    """Who came; everybody in the conversation sees it."""


class MessageEvent(ConversationEvent):
    """What a person does to a message or an answer that is already there."""

    message_id: UUID
    sender: Sender
    """Who does it, stamped by the edge from the session."""


class MessageEdited(MessageEvent):
    """The author of a message says it in other words; the latest (occurred_at, event_id) counts."""

    event_type: ClassVar[str] = "chat.message_edited.v1"

    text: MessageText


class MessageDeleted(MessageEvent):
    """The author of a message takes it back, for good: no earlier or later edit undoes it."""

    event_type: ClassVar[str] = "chat.message_deleted.v1"


class ReactionSet(MessageEvent):
    """A person puts an emoji on a message, or takes it off; the latest of each counts."""

    event_type: ClassVar[str] = "chat.reaction_set.v1"

    emoji: Emoji
    active: bool


class FeedbackGiven(MessageEvent):
    """A person says what an answer is worth; the latest (occurred_at, event_id) of each counts."""

    event_type: ClassVar[str] = "chat.feedback_given.v1"

    in_reply_to: UUID
    """The message_id of the question that was answered; deleted, it takes the reason with it."""
    rating: Rating
    reason: Reason | None = None


class ReplyStopAsked(MessageEvent):
    """A person wants no more of the answer to this question: what is there so far is enough."""

    event_type: ClassVar[str] = "chat.reply_stop_asked.v1"


class ReplyRegenerateAsked(MessageEvent):
    """A person wants another answer to this question."""

    event_type: ClassVar[str] = "chat.reply_regenerate_asked.v1"

    text: MessageText
    """The question as it stood when it was asked again."""


class MessagesDelivered(MessageEvent):
    """Everything up to a message has reached a device of this person; the furthest `up_to` counts.

    Who has read up to a message has it too.
    """

    event_type: ClassVar[str] = "chat.messages_delivered.v1"

    up_to: Instant
    """When that message occurred."""


class MessagesRead(MessageEvent):
    """A person has read everything up to a message; the furthest `up_to` counts."""

    event_type: ClassVar[str] = "chat.messages_read.v1"

    up_to: Instant
    """When that message occurred."""
