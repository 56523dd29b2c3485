"""What a client may send; unknown fields are ignored, unknown types are answered with an error."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from schemas.events.chat import Attachment, Handler, Rating
from schemas.text import Emoji, MessageText, Note, Reason, Ref, Title

MAX_POSITIONS = 64
MAX_ATTACHMENTS = 10
MAX_WATCHED = 100

Secret = Annotated[str, StringConstraints(min_length=1, max_length=4096)]
At = Annotated[str, StringConstraints(pattern=r"^[a-z][0-9]{1,4}:[0-9]{1,19}$")]
Positions = Annotated[tuple[At, ...], Field(max_length=MAX_POSITIONS)]


class ClientFrame(BaseModel):
    """A frame from a client."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class ClientInfo(ClientFrame):
    """Which program connects; for operators only."""

    name: Annotated[str, StringConstraints(max_length=64)]
    version: Annotated[str, StringConstraints(max_length=64)]


class Resume(ClientFrame):
    """Where the client stopped reading."""

    epoch: Annotated[str, StringConstraints(max_length=64)]
    positions: Positions = ()
    """Count for joins that bring none; what is recent comes all the same, and may be known."""


class Connect(ClientFrame):
    """The first frame: signs the socket in with a ticket (browser) or an access token."""

    type: Literal["connect"]
    ticket: Secret | None = None
    token: Secret | None = None
    resume: Resume | None = None
    client: ClientInfo | None = None


class ConversationJoin(ClientFrame):
    """Start receiving a conversation, from the given positions on when there are any."""

    type: Literal["conversation:join"]
    ref: Ref
    conversation_id: UUID
    positions: Positions | None = None
    """Of the socket's own frames, of `caught_up`, or of a page of the history."""
    epoch: Annotated[str, StringConstraints(max_length=64)] | None = None
    """The history that these belong to, when it is not the one named in `connect`."""


class ConversationLeave(ClientFrame):
    """Stop receiving a conversation."""

    type: Literal["conversation:leave"]
    ref: Ref
    conversation_id: UUID


class ConversationStart(ClientFrame):
    """Open a conversation and join it; twice with one client id is one conversation."""

    type: Literal["conversation:start"]
    ref: Ref
    client_conversation_id: UUID
    title: Title | None = None


class SendMessage(ClientFrame):
    """Say something; repeated under the same client id until accepted or rejected."""

    type: Literal["message"]
    ref: Ref
    conversation_id: UUID
    client_message_id: UUID
    text: MessageText
    attachments: Annotated[tuple[Attachment, ...], Field(max_length=MAX_ATTACHMENTS)] = ()
    reply_to: UUID | None = None


class EditMessage(ClientFrame):
    """Say a message of one's own in other words."""

    type: Literal["message:edit"]
    ref: Ref
    conversation_id: UUID
    message_id: UUID
    text: MessageText
    client_event_id: UUID | None = None
    """Makes a repeat over another connection the same edit."""


class DeleteMessage(ClientFrame):
    """Take a message of one's own back."""

    type: Literal["message:delete"]
    ref: Ref
    conversation_id: UUID
    message_id: UUID


class React(ClientFrame):
    """Put an emoji on a message or an answer, or take it off."""

    type: Literal["reaction"]
    ref: Ref
    conversation_id: UUID
    message_id: UUID
    emoji: Emoji
    active: bool
    client_event_id: UUID | None = None
    """Makes a repeat over another connection the same reaction."""


class RateReply(ClientFrame):
    """Say what an answer of the assistant is worth, and why; the last one counts."""

    type: Literal["feedback"]
    ref: Ref
    conversation_id: UUID
    message_id: UUID
    rating: Rating
    reason: Reason | None = None
    client_event_id: UUID | None = None
    """Makes a repeat over another connection the same rating."""


class MarkRead(ClientFrame):
    """Say that everything up to this message has been read."""

    type: Literal["read"]
    ref: Ref
    conversation_id: UUID
    message_id: UUID


class MarkDelivered(ClientFrame):
    """Say that everything up to this message has reached this device; acknowledged if it has a ref.

    Of what other people say, once a second and conversation at most: a read mark says it as well.
    """

    type: Literal["delivered"]
    ref: Ref | None = None
    conversation_id: UUID
    message_id: UUID


class StopReply(ClientFrame):
    """Want no more of the answer that is being written to this question."""

    type: Literal["reply:stop"]
    ref: Ref
    conversation_id: UUID
    message_id: UUID
    client_event_id: UUID | None = None
    """Makes a repeat over another connection the same request."""


class RegenerateReply(ClientFrame):
    """Want another answer to this question."""

    type: Literal["reply:regenerate"]
    ref: Ref
    conversation_id: UUID
    message_id: UUID
    client_event_id: UUID | None = None
    """Makes a repeat over another connection the same request."""


class HandOver(ClientFrame):
    """Call a person into the conversation, or let the assistant answer again."""

    type: Literal["handover"]
    ref: Ref
    conversation_id: UUID
    to: Handler
    note: Note | None = None
    """Everybody in the conversation sees it."""
    client_event_id: UUID | None = None
    """Makes a repeat over another connection the same hand-over."""


class Typing(ClientFrame):
    """Say that one writes, or no longer does; not acknowledged, and may be lost."""

    type: Literal["typing"]
    ref: Ref | None = None
    conversation_id: UUID
    active: bool


class WatchPresence(ClientFrame):
    """Hear whether these people are here, instead of those named before; not acknowledged."""

    type: Literal["presence:watch"]
    ref: Ref | None = None
    user_ids: Annotated[tuple[UUID, ...], Field(max_length=MAX_WATCHED)]


class SetPresence(ClientFrame):
    """Say that this device was left alone, or is used again; not acknowledged.

    Somebody is away when all of their devices are.
    """

    type: Literal["presence"]
    ref: Ref | None = None
    state: Literal["online", "away"]


class Ping(ClientFrame):
    """Ask for a `pong`."""

    type: Literal["ping"]
    ref: Ref


ChangeFrame = (
    EditMessage
    | DeleteMessage
    | React
    | RateReply
    | MarkRead
    | MarkDelivered
    | StopReply
    | RegenerateReply
)
"""What is done to a message that is already there."""

AnyFrame = (
    Connect
    | ConversationJoin
    | ConversationLeave
    | ConversationStart
    | SendMessage
    | ChangeFrame
    | HandOver
    | Typing
    | WatchPresence
    | SetPresence
    | Ping
)
AnyClientFrame = Annotated[AnyFrame, Field(discriminator="type")]
CLIENT_FRAME: TypeAdapter[AnyFrame] = TypeAdapter(AnyClientFrame)
