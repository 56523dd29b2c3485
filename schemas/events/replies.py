"""What the assistant answers."""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from schemas.events.chat import Attachment, ConversationEvent, Sender
from schemas.events.envelope import Value
from schemas.text import ReplyText


class ReplySource(StrEnum):
    """What the answer was made of."""

    TEMPLATE = "template"
    RETRIEVAL = "retrieval"
    MODEL = "model"
    CLARIFY = "clarify"
    HANDOVER = "handover"


Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Citation(Value):
    """A knowledge snippet that the answer rests on; `score` is its cosine similarity."""

    id: str
    title: str
    score: float


class ReplyGenerated(ConversationEvent):
    """The assistant answered; the body has the field names of the `reply` frame."""

    event_type: ClassVar[str] = "chat.reply_generated.v1"

    message_id: UUID
    sender: Sender
    text: ReplyText
    attachments: tuple[Attachment, ...] = ()
    reply_to: UUID | None = None
    client_message_id: UUID | None = None
    in_reply_to: UUID
    """The question's message_id."""
    source: ReplySource
    intent: str | None = None
    confidence: Share
    """The probability that the chosen intent is right, as the model gives it."""
    citations: tuple[Citation, ...] = ()
    model_version: str


class FailureReason(StrEnum):
    """Why there is no answer."""

    LATE = "late"
    """The question's `answer_by` had passed before the assistant came to it."""


class ReplyFailed(ConversationEvent):
    """The assistant will not answer; the body has the field names of the `reply:failed` frame."""

    event_type: ClassVar[str] = "chat.reply_failed.v1"

    in_reply_to: UUID
    """The question's message_id."""
    reason: FailureReason
