"""What people say and do in a conversation; every event is keyed by the conversation."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from schemas.events.envelope import Event, Value
from schemas.text import MessageText, PersonName, Title


class SenderKind(StrEnum):
    """Who speaks."""

    USER = "user"
    AGENT = "agent"
    ASSISTANT = "assistant"


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


class ConversationStarted(ConversationEvent):
    """A user opened a conversation and owns it."""

    event_type: ClassVar[str] = "chat.conversation_started.v1"

    owner_id: UUID
    title: Title | None = None
    client_conversation_id: UUID
