"""What the assistant answers, and the pieces of an answer that is being written."""

from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from schemas.events.chat import Attachment, ConversationEvent, HandoverEvent, Sender
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


class StopReason(StrEnum):
    """Why an answer ends before its end."""

    PERSON = "person"
    DEADLINE = "deadline"
    LENGTH = "length"


class Fallback(StrEnum):
    """Why the language model did not give an answer that it was to give."""

    CIRCUIT_OPEN = "circuit_open"
    FAILED = "failed"
    SILENT = "silent"
    DEADLINE = "deadline"
    BUSY = "busy"
    BUDGET = "budget"
    GUARDED = "guarded"


class Moderated(StrEnum):
    """Whose words kept a language model out of an answer."""

    QUESTION = "question"
    """Abusive words were not given to it."""
    ANSWER = "answer"
    """Its own were, and nobody was told them."""


class Context(StrEnum):
    """What an answer rests on beside the message itself."""

    PREVIOUS_INTENT = "previous_intent"
    """The message goes on about what was answered before it."""
    CARRIED_SLOTS = "carried_slots"
    """A number in the answer was named earlier in the conversation."""
    PROFILE_LANGUAGE = "profile_language"
    """The message says too little; the person mostly writes this language."""
    PROFILE_INTENT = "profile_intent"
    """Two intents were close; the person mostly asks about this one."""


class Why(Value):
    """Why an answer is the one it is; everything in it may be shown to who asked."""

    intent: str | None = None
    """The likeliest intent, chosen or not."""
    score: Share
    """The probability that this intent is right."""
    snippet_ids: tuple[str, ...] = ()
    """The knowledge that was at hand."""
    snippet_score: Share | None = None
    """The probability that the nearest of it answers the question; None without any."""
    model_version: str
    cached: bool = False
    """The same question was answered before, and this is that answer."""
    fallback: Fallback | None = None
    moderated: Moderated | None = None
    """Set when `fallback` is `guarded` because of abusive words."""
    context: tuple[Context, ...] = ()


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
    """The probability that it answers the question: that the intent is right, or the snippet."""
    citations: tuple[Citation, ...] = ()
    model_version: str
    why: Why | None = None
    stopped: StopReason | None = None
    """Set when the text ends early."""
    attempt: int | None = None
    """The attempt whose deltas this ends; None when nothing was streamed."""


class ReplyDelta(ConversationEvent):
    """A piece of an answer that is being written; the body has the fields of `reply:delta`.

    Never stored: the reply that follows is the truth, and ends every attempt up to its own.
    """

    event_type: ClassVar[str] = "chat.reply_delta.v1"

    in_reply_to: UUID
    """The question's message_id."""
    attempt: Annotated[int, Field(ge=1)]
    """When this attempt began, in microseconds since 1970; a higher one starts anew."""
    offset: Annotated[int, Field(ge=0)]
    """How many characters (Unicode code points) of the answer come before this piece."""
    text: ReplyText


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


HANDED_OVER = "handed_over"
"""A person answers in this conversation."""


class ReplyWithheld(ConversationEvent):
    """The assistant understood, and keeps silent: nothing failed, and nobody needs to be warned.

    Pushed as a `reply:failed` frame, so that clients stop waiting.
    """

    event_type: ClassVar[str] = "chat.reply_withheld.v1"

    in_reply_to: UUID
    """The question's message_id."""
    reason: Annotated[str, Field(pattern=r"^[a-z_]{1,32}$")] = HANDED_OVER
    """Open, unlike `FailureReason`: an enumeration cannot grow without breaking its readers."""


class HandoverAsked(HandoverEvent):
    """The assistant calls a colleague, because a person asked for one, and is silent from now on.

    It has told that person so in the answer before this.
    """

    event_type: ClassVar[str] = "chat.handover_asked.v1"

    in_reply_to: UUID
    """The message that asked for a person."""
