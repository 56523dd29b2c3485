"""What the edge asks of the log, of Valkey and of the gateway."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

from schemas.events.chat import SenderKind
from schemas.positions import Position
from schemas.tickets import SocketTicket
from schemas.topics import Topic


class Log(NamedTuple):
    """One partition of one topic."""

    topic: Topic
    partition: int


Positions = Mapping[Log, int]
"""The next offset to read of each log."""


class TailedRecord(Protocol):
    """A record as aiokafka hands it out; nothing in it has been decoded or checked."""

    @property
    def offset(self) -> int:
        """Where it stands in its log."""
        ...

    @property
    def timestamp(self) -> int:
        """When its writer handed it over, in milliseconds since 1970."""
        ...

    @property
    def key(self) -> bytes | None:
        """The conversation's id in ASCII, when the writer keeps the contract."""
        ...

    @property
    def value(self) -> bytes | None:
        """The event's JSON, when the writer keeps the contract."""
        ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes | None]]:
        """The projection of the event."""
        ...


class RecordSource(Protocol):
    """Reads every partition of the pushed topics, without a group.

    Ordering: the records of one log come in offset order.
    Failure: any call may raise; the owner then stops this source and makes a new one.
    """

    @property
    def epoch(self) -> str:
        """Names the history that offsets belong to; known after `start`."""
        ...

    @property
    def ends(self) -> Positions:
        """Where the logs ended when it started; known after `start`."""
        ...

    async def start(self, positions: Positions) -> Positions:
        """Connect, go to these positions, or to a recent one where there is none; return where."""
        ...

    async def poll(self) -> Mapping[Log, Sequence[TailedRecord]]:
        """Wait for records, for about a second at most, and return them."""
        ...

    async def stop(self) -> None:
        """Disconnect; never raises for the broker's sake."""
        ...


class PastSource(Protocol):
    """Reads what the log kept, again and from anywhere.

    Ordering: the records of one log come in offset order, from the asked position on.
    Failure: any call may raise; the owner then stops this source and makes a new one.
    """

    async def read(self, positions: Positions) -> Mapping[Log, Sequence[TailedRecord]]:
        """Return some of the records from these positions on, of any of these logs.

        A first record that stands further on says that the log no longer has those before.
        """
        ...

    async def stop(self) -> None:
        """Disconnect; never raises for the broker's sake."""
        ...


class TicketStore(Protocol):
    """Holds the tickets that the gateway gave out."""

    async def take(self, ticket: str) -> SocketTicket | None:
        """Return whom the ticket signs in and forget it, or None when there is no such ticket.

        Raises:
            RetryableError: the store is away.
        """
        ...


class Grant(NamedTuple):
    """What a user is in a conversation, whose it is, and who else came in."""

    owner_id: UUID
    kind: SenderKind | None
    """None when it is not theirs to see."""
    agents: tuple[UUID, ...] = ()
    ended: bool = False
    """Nothing more is said in it."""


class KnownMessage(NamedTuple):
    """A message or an answer that is there: whose it is, and when it was said."""

    sender_id: UUID
    occurred_at: datetime
    deleted: bool = False
    text: str | None = None
    """As it is now; None when it is not there any more."""
    answers: UUID | None = None
    """The question that it answers; None for anything but an answer of the assistant."""


class ConversationDirectory(Protocol):
    """Knows every conversation, and every message, that has been stored."""

    async def look_up(self, conversation_id: UUID, user_id: UUID) -> Grant | None:
        """Return what this user may, or None when there is no such conversation any more.

        Raises:
            RetryableError: the directory is away.
        """
        ...

    async def find_message(
        self, conversation_id: UUID, message_id: UUID, needed: Sequence[Position] = ()
    ) -> KnownMessage | None:
        """Return a message of this conversation, or None when there is none in it.

        Raises:
            RetryableError: the directory is away, or has no such message and is not complete up to
                the positions that are needed to be sure.
        """
        ...
