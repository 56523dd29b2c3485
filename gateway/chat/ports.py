"""What conversations and history need from a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from schemas import ids
from schemas.events.chat import ConversationStarted, Handler, Rating
from schemas.positions import Position

PREVIEW_CHARS = 120
ACTIVE = "active"
ENDED = "ended"
"""Nothing more is said in it."""
DELETED = "deleted"
"""It is gone for everybody; a store may give it all the same, so that nobody starts it again."""


class Place(NamedTuple):
    """Where an item stands in a list ordered by time, then id."""

    at: datetime
    id: UUID


@dataclass(frozen=True)
class Agent:
    """A colleague who came into somebody else's conversation, and may be in it ever since."""

    id: UUID
    name: str
    joined_at: datetime


@dataclass(frozen=True)
class Conversation:
    """A conversation and whose it is; the first and last messages are known in lists only."""

    id: UUID
    owner_id: UUID
    title: str | None
    status: str
    started_at: datetime
    last_message_at: datetime | None = None
    last_message_text: str | None = None
    first_message_text: str | None = None
    """The beginning of what a person said first and did not take back."""
    handled_by: Handler = Handler.ASSISTANT
    handled_since: datetime | None = None
    """When it was handed over last; None when it never was."""
    titled: Place | None = None
    """When it got its title, and by which event; None when that was its start."""
    ended_at: datetime | None = None
    owner_name: str | None = None
    """None when their account is not known."""

    @property
    def title_place(self) -> Place:
        """Where its title stands among all it had or will have: the latest counts."""
        started = Place(self.started_at, ids.event_id(ConversationStarted.event_type, self.id))
        return self.titled or started

    @property
    def place(self) -> Place:
        """Where it stands among the owner's."""
        return Place(self.started_at, self.id)


@dataclass(frozen=True)
class Utterance:
    """A message or a reply: `type` is the socket frame's, `body` the event as it is now.

    An edited one says so in `edited_at`; a deleted one has `deleted` and no text.
    """

    type: str
    body: dict[str, Any]
    place: Place
    message_id: UUID
    sender_id: UUID
    deleted: bool = False
    reactions: tuple["Reaction", ...] = ()
    rating: Rating | None = None
    """What its reader thinks of it, when it is an answer."""


@dataclass(frozen=True)
class Reaction:
    """An emoji that somebody has put on a message."""

    message_id: UUID
    user_id: UUID
    emoji: str


@dataclass(frozen=True)
class ReadMark:
    """How far somebody has read, or has what was said: up to this message, which occurred then."""

    user_id: UUID
    message_id: UUID
    up_to: datetime


@dataclass(frozen=True)
class Handover:
    """The latest hand-over of a conversation."""

    to: Handler
    occurred_at: datetime
    event_id: UUID
    note: str | None = None


@dataclass(frozen=True)
class Waiting:
    """A conversation that is with a person, or waits for one."""

    conversation: Conversation
    note: str | None
    agents: tuple[Agent, ...]

    @property
    def place(self) -> Place:
        """Where it stands among all that wait, the one handed over first before the others."""
        conversation = self.conversation
        return Place(conversation.handled_since or conversation.started_at, conversation.id)


class Conversations(Protocol):
    """Reads what the log's consumer has written so far; it lags the log by moments.

    Failure: raises RetryableError when the store is away.
    """

    async def find(self, conversation_id: UUID) -> Conversation | None:
        """Return a conversation, whoever's it is."""
        ...

    async def newest_of(
        self, owner_id: UUID, before: Place | None, limit: int
    ) -> Sequence[Conversation]:
        """Return an owner's conversations older than `before`, the last started first.

        Those deleted are not among them.
        """
        ...

    async def newest_in(
        self, conversation_id: UUID, reader_id: UUID, before: Place | None, limit: int
    ) -> Sequence[Utterance]:
        """Return what was said before `before`, the latest first, with the reader's ratings."""
        ...

    async def find_message(self, conversation_id: UUID, message_id: UUID) -> Utterance | None:
        """Return something said in this conversation."""
        ...

    async def read_marks(self, conversation_id: UUID) -> Sequence[ReadMark]:
        """Return how far each has read, by user."""
        ...

    async def delivery_marks(self, conversation_id: UUID) -> Sequence[ReadMark]:
        """Return how far what was said has reached each, by user."""
        ...

    async def handover(self, conversation_id: UUID) -> Handover | None:
        """Return the latest hand-over; None when the assistant always had it."""
        ...

    async def agents(self, conversation_id: UUID) -> Sequence[Agent]:
        """Return who came into it, the first first."""
        ...

    async def waiting(self, after: Place | None, limit: int) -> Sequence[Waiting]:
        """Return active conversations that are with a person, after this place, longest first."""
        ...

    async def reached(self, conversation_id: UUID) -> Sequence[Position]:
        """Return how far the store has come on the conversation's logs; none for unread ones.

        Whatever is read of the conversation afterwards holds everything up to there.
        """
        ...
