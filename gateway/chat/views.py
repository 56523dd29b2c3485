"""What the chat routes take and answer."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from schemas.events.chat import Attachment, ConversationEvent, Handler, Rating, Sender, SenderKind
from schemas.events.replies import ReplyGenerated
from schemas.frames.codes import AckStatus
from schemas.text import Instant, MessageText, Note, Title


class Request(BaseModel):
    """A request body; unknown fields are ignored, never applied."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class StartConversation(Request):
    """Open a conversation; twice under one client id is one conversation."""

    client_conversation_id: UUID | None = None
    title: Title | None = None


class SendMessage(Request):
    """Say something; repeat under the same client id until it is accepted or refused."""

    conversation_id: UUID
    client_message_id: UUID
    text: MessageText


class HandOver(Request):
    """Call a person into the conversation, or let the assistant answer again."""

    to: Handler
    note: Note | None = None
    """Everybody in the conversation sees it."""
    client_event_id: UUID | None = None
    """Makes a repeat the same hand-over."""


class View(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True)


class MessageAccepted(View):
    """The message is on the log, on all replicas."""

    status: AckStatus
    message_id: UUID


class ConversationAccepted(View):
    """What was asked of a conversation is on the log, on all replicas."""

    status: AckStatus
    conversation_id: UUID


class ConversationView(View):
    """A conversation."""

    id: UUID
    title: str | None
    status: str
    started_at: Instant
    handled_by: Handler = Handler.ASSISTANT
    """Who answers: while it is a person, the assistant is silent."""
    handled_since: Instant | None = None
    """When it was handed over last; null when it never was."""
    ended_at: Instant | None = None
    """From when on nothing more is said in it; null while it goes on."""
    titled_at: Instant | None = None
    """When it got its title, with its start or later; null in the answers of older gateways."""


class PersonView(View):
    """Somebody by name; null when their account is not known."""

    id: UUID
    name: str | None


class AgentView(View):
    """A colleague who came into the conversation."""

    id: UUID
    name: str
    joined_at: Instant


class ConversationDetail(ConversationView):
    """A conversation with the people in it."""

    owner: PersonView
    agents: tuple[AgentView, ...] = ()
    """Who came in, the first first."""


class WaitingView(View):
    """A conversation that is with a person: one answers, or is waited for."""

    id: UUID
    title: str | None
    first_message_preview: str | None
    owner: PersonView
    handled_since: Instant
    note: Note | None
    """What whoever handed it over said; everybody in the conversation sees it."""
    agents: tuple[AgentView, ...]
    """Who came in, the first first; without any nobody has."""


class WaitingPage(View):
    """Conversations with a person, the longest waiting first; `next` is where the rest begins."""

    items: tuple[WaitingView, ...]
    next: str | None


class ConversationItem(ConversationView):
    """A conversation in the list, with the first and the last thing said in it."""

    last_message_at: Instant | None
    last_message_preview: str | None
    first_message_preview: str | None = None
    """What a person said first and did not take back: to be shown where there is no title."""


class ConversationPage(View):
    """Conversations, the last started first; `next` is the cursor of the page after."""

    items: tuple[ConversationItem, ...]
    next: str | None


class ReactionView(View):
    """An emoji that somebody has put on a message."""

    user_id: UUID
    emoji: str


class HistoryMessage(ConversationEvent):
    """What a person said, as it is now, with the field names of the socket's frame."""

    type: Literal["message"]
    message_id: UUID
    sender: Sender
    text: MessageText | None
    """None when it was deleted."""
    attachments: tuple[Attachment, ...] = ()
    reply_to: UUID | None = None
    client_message_id: UUID
    answer_by: Instant | None = None
    edited_at: Instant | None = None
    deleted: bool = False
    reactions: tuple[ReactionView, ...] = ()


class HistoryReply(ReplyGenerated):
    """What the assistant answered, with the field names of the socket's frame."""

    type: Literal["reply"]
    reactions: tuple[ReactionView, ...] = ()
    rating: Rating | None = None
    """What the reader of this page thinks of it."""


class ReadMarkView(View):
    """Somebody has read, or has, everything up to this message, which occurred at `up_to`."""

    user_id: UUID
    message_id: UUID
    up_to: Instant


class HandoverView(View):
    """The latest hand-over; a later `handover` frame, by (occurred_at, event_id), replaces it."""

    to: Handler
    occurred_at: Instant
    event_id: UUID
    note: Note | None = None


class TitleView(View):
    """The title; a later `conversation:renamed`, by (occurred_at, event_id), replaces it."""

    text: str | None
    """None when it has no title."""
    occurred_at: Instant
    event_id: UUID


class HistoryPage(View):
    """What was said, in (occurred_at, event_id) order; `next` is the cursor of the page before."""

    items: tuple[
        Annotated[HistoryMessage | HistoryReply, Field(discriminator="type")],
        ...,
    ]
    next: str | None
    read: tuple[ReadMarkView, ...] = ()
    delivered: tuple[ReadMarkView, ...] = ()
    """How far what was said has reached each; who has read it has it too."""
    handover: HandoverView | None = None
    """Null when the assistant always answered here."""
    title: TitleView | None = None
    """Null in the answers of older gateways only."""
    ended_at: Instant | None = None
    """From when on nothing more is said here; null while it goes on."""
    owner: PersonView | None = None
    agents: tuple[AgentView, ...] = ()
    """Who came in, the first first; `conversation:joined` frames add to them."""
    positions: tuple[str, ...] = ()
    """Join with these: every event up to them is in this page, or in an older one."""


class MessageView(View):
    """Whose a message is, when it was said, and what it says now."""

    message_id: UUID
    sender_id: UUID
    occurred_at: Instant
    deleted: bool
    text: str | None = None
    answers: UUID | None = None
    """The question that it answers, when it is an answer of the assistant."""


class AccessView(View):
    """Whether a user may be in a conversation, and as what."""

    conversation_id: UUID
    owner_id: UUID
    allowed: bool
    ended: bool = False
    """Nothing more is said in it."""
    kind: SenderKind | None
    """What the user is in it; null when it is not theirs to be in."""
    agents: tuple[UUID, ...]
    """Who came in besides its owner."""
