"""What the edge sends; frames made of events are the event's body behind `type` and `at`."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from schemas.events.chat import (
    AgentJoined,
    ConversationHandedOver,
    ConversationStarted,
    FeedbackGiven,
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
from schemas.events.replies import (
    HandoverAsked,
    ReplyDelta,
    ReplyFailed,
    ReplyGenerated,
    ReplyWithheld,
)
from schemas.frames.codes import AckStatus, ErrorCode
from schemas.text import FRAME_BYTES, MESSAGE_CHARS, Instant, MessageText, PersonName

PING_SECONDS = 25
TYPING_EXPIRES_MS = 6_000


class ServerFrame(BaseModel):
    """A frame from the edge."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ConnectedUser(ServerFrame):
    """Who the socket is signed in as."""

    id: UUID
    name: PersonName
    role: str


class Limits(ServerFrame):
    """What the edge will take."""

    frame_bytes: int = FRAME_BYTES
    message_chars: int = MESSAGE_CHARS
    ping_seconds: int = PING_SECONDS


class Connected(ServerFrame):
    """The socket is open; `epoch` names the history that positions belong to."""

    type: Literal["connected"] = "connected"
    connection_id: UUID
    user: ConnectedUser
    epoch: str
    server_time: Instant
    limits: Limits = Limits()


class Ack(ServerFrame):
    """The answer to every client frame that carries a `ref` and asks for something."""

    type: Literal["ack"] = "ack"
    ref: str
    status: AckStatus
    code: ErrorCode | None = None
    detail: str | None = None
    message_id: UUID | None = None
    conversation_id: UUID | None = None
    retry_after_ms: int | None = None


class Pong(ServerFrame):
    """The answer to `ping`."""

    type: Literal["pong"] = "pong"
    ref: str


class CaughtUp(ServerFrame):
    """Everything that was missed has been replayed: this far, of every log of the conversation.

    Who missed nothing has come this far too, and sends these positions when coming back.
    """

    type: Literal["caught_up"] = "caught_up"
    ref: str | None = None
    """The join's."""
    conversation_id: UUID
    positions: tuple[str, ...] = ()


class Reset(ServerFrame):
    """What was missed is not replayed: fetch the history, then join from its positions.

    What happens from now on is sent all the same.
    """

    type: Literal["reset"] = "reset"
    ref: str | None = None
    """The join's, when one is answered."""
    conversation_id: UUID
    reason: str
    epoch: str | None = None
    """The history that is served from now on, when it is another than `connected` named."""


class Reconnect(ServerFrame):
    """A close is coming: come back after this many milliseconds."""

    type: Literal["reconnect"] = "reconnect"
    after_ms: int
    reason: str


class Error(ServerFrame):
    """A frame could not be taken; the connection lives on."""

    type: Literal["error"] = "error"
    code: ErrorCode
    detail: str
    ref: str | None = None


class TypingFrame(ServerFrame):
    """Somebody writes; forget it after `expires_ms`, or when a message of theirs arrives."""

    type: Literal["typing"] = "typing"
    conversation_id: UUID
    user_id: UUID
    active: bool
    expires_ms: int = TYPING_EXPIRES_MS


class PresenceState(StrEnum):
    """Whether somebody has a socket open anywhere, and uses a device of these."""

    ONLINE = "online"
    AWAY = "away"
    OFFLINE = "offline"


class PresenceFrame(ServerFrame):
    """Whether somebody watched is here; `last_seen` is known of those who are not, or are away."""

    type: Literal["presence"] = "presence"
    user_id: UUID
    state: PresenceState
    last_seen: Instant | None = None


class MessageFrame(MessageSent):
    """A message, live or replayed; replayed after its deletion it has lost its text."""

    type: Literal["message"] = "message"
    at: str
    text: MessageText | None  # type: ignore[assignment]
    deleted: bool = False
    replayed: bool = False


class ReplyFrame(ReplyGenerated):
    """An answer of the assistant, live or replayed."""

    type: Literal["reply"] = "reply"
    at: str
    replayed: bool = False


class ReplyDeltaFrame(ServerFrame):
    """A piece of an answer that is being written; `reply` ends it, and is what counts.

    One that starts at 0 may also be everything said so far, for who comes in the middle.
    """

    type: Literal["reply:delta"] = "reply:delta"
    conversation_id: UUID
    in_reply_to: UUID
    attempt: int
    offset: int
    text: str


class ReplyFailedFrame(ReplyFailed):
    """No answer will come, because of `reason`.

    `late`: clients have told so themselves when `answer_by` passed. `handed_over`: there is
    nothing to tell, because a person answers.
    """

    type: Literal["reply:failed"] = "reply:failed"
    at: str
    reason: Literal["late", "handed_over"]  # type: ignore[assignment]
    replayed: bool = False


class ConversationStartedFrame(ConversationStarted):
    """A conversation was opened; all sockets of its owner are told."""

    type: Literal["conversation:started"] = "conversation:started"
    at: str
    replayed: bool = False


class ConversationRenamedFrame(ConversationRenamed):
    """A conversation has another title; all sockets of its owner are told."""

    type: Literal["conversation:renamed"] = "conversation:renamed"
    at: str
    replayed: bool = False


class ConversationEndedFrame(ConversationEnded):
    """Nothing more is said in a conversation; all sockets of its owner are told."""

    type: Literal["conversation:ended"] = "conversation:ended"
    at: str
    replayed: bool = False


class ConversationDeletedFrame(ConversationDeleted):
    """A conversation is gone; all sockets of its owner are told, and nobody is in it any more."""

    type: Literal["conversation:deleted"] = "conversation:deleted"
    at: str
    replayed: bool = False


class MessageEditedFrame(MessageEdited):
    """A message has other words now."""

    type: Literal["message:edited"] = "message:edited"
    at: str
    replayed: bool = False


class MessageDeletedFrame(MessageDeleted):
    """A message is gone."""

    type: Literal["message:deleted"] = "message:deleted"
    at: str
    replayed: bool = False


class ReactionFrame(ReactionSet):
    """An emoji was put on a message, or taken off."""

    type: Literal["reaction"] = "reaction"
    at: str
    replayed: bool = False


class FeedbackFrame(FeedbackGiven):
    """Somebody said what an answer is worth."""

    type: Literal["feedback"] = "feedback"
    at: str
    replayed: bool = False


class ReadFrame(MessagesRead):
    """Somebody has read up to a message."""

    type: Literal["read"] = "read"
    at: str
    replayed: bool = False


class DeliveredFrame(MessagesDelivered):
    """Everything up to a message has reached somebody's device."""

    type: Literal["delivered"] = "delivered"
    at: str
    replayed: bool = False


class HandoverFrame(ConversationHandedOver):
    """From now on a person answers in this conversation, or the assistant again.

    Sockets of agents and admins are told of each, without `at` while they have not joined.
    """

    type: Literal["handover"] = "handover"
    at: str | None = None
    """None where the conversation has not been joined: it says nothing about what was heard."""
    in_reply_to: UUID | None = None
    """The message that asked for a person, when the assistant calls one for it."""
    replayed: bool = False


class ConversationJoinedFrame(AgentJoined):
    """A colleague came into the conversation.

    Sockets of agents and admins are told of each, without `at` while they have not joined.
    """

    type: Literal["conversation:joined"] = "conversation:joined"
    at: str | None = None
    """As of `handover`."""
    replayed: bool = False


DELTA_FRAME = "reply:delta"
DELTA_EVENT = ReplyDelta.event_type
"""Pushed as `reply:delta` without a position, so it cannot be in the table below."""

FRAME_OF_EVENT: dict[str, str] = {
    MessageSent.event_type: "message",
    ReplyGenerated.event_type: "reply",
    ReplyFailed.event_type: "reply:failed",
    ReplyWithheld.event_type: "reply:failed",
    ConversationStarted.event_type: "conversation:started",
    ConversationRenamed.event_type: "conversation:renamed",
    ConversationEnded.event_type: "conversation:ended",
    ConversationDeleted.event_type: "conversation:deleted",
    MessageEdited.event_type: "message:edited",
    MessageDeleted.event_type: "message:deleted",
    ReactionSet.event_type: "reaction",
    FeedbackGiven.event_type: "feedback",
    MessagesRead.event_type: "read",
    MessagesDelivered.event_type: "delivered",
    ConversationHandedOver.event_type: "handover",
    HandoverAsked.event_type: "handover",
    AgentJoined.event_type: "conversation:joined",
}
"""The frame type that an event of this type is pushed as."""

AnyServerFrame = Annotated[
    Connected
    | Ack
    | Pong
    | CaughtUp
    | Reset
    | Reconnect
    | Error
    | TypingFrame
    | PresenceFrame
    | MessageFrame
    | ReplyFrame
    | ReplyDeltaFrame
    | ReplyFailedFrame
    | ConversationStartedFrame
    | ConversationRenamedFrame
    | ConversationEndedFrame
    | ConversationDeletedFrame
    | MessageEditedFrame
    | MessageDeletedFrame
    | ReactionFrame
    | FeedbackFrame
    | ReadFrame
    | DeliveredFrame
    | HandoverFrame
    | ConversationJoinedFrame,
    Field(discriminator="type"),
]
SERVER_FRAME: TypeAdapter[AnyServerFrame] = TypeAdapter(AnyServerFrame)
