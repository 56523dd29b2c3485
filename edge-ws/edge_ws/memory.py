"""The ports' twins in memory: for tests, and for trying the edge without its surroundings."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from edge_ws.backlog import LOGS
from edge_ws.drafts import DRAFT_LOGS
from edge_ws.passing import Seen
from edge_ws.ports import Grant, KnownMessage, Log, Positions, TailedRecord
from producers.memory import InMemoryEventPublisher
from producers.records import Headers
from runtime.errors import RetryableError
from schemas.events.chat import SenderKind
from schemas.frames.server import PresenceState
from schemas.positions import Position, reaches
from schemas.tickets import SocketTicket

POLL_SECONDS = 0.005
SOME = 3
"""Records of one log that the past gives at a time."""


@dataclass(frozen=True)
class InMemoryRecord:
    """A record of the in-memory log, as the tail reads it."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers


class InMemoryRecords:
    """Reads the logs of an in-memory publisher."""

    def __init__(self, publisher: InMemoryEventPublisher, epoch: str = "memory") -> None:
        self._logs = publisher.logs
        self._next: dict[Log, int] = {}
        self.epoch = epoch
        self.ends: Positions = {}
        self.failure: Exception | None = None
        """Raised by the next poll, once."""
        self.silent = False
        """Polls give nothing."""

    async def start(self, positions: Positions) -> Positions:
        """Begin at these positions, or at the end."""
        self.ends = {log: self._end(log) for log in (*LOGS, *DRAFT_LOGS)}
        self._next = {log: positions.get(log, end) for log, end in self.ends.items()}
        return dict(self._next)

    async def poll(self) -> Mapping[Log, Sequence[TailedRecord]]:
        """Return what was published since."""
        await asyncio.sleep(POLL_SECONDS)
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        found: dict[Log, Sequence[TailedRecord]] = {}
        if self.silent:
            return found
        for log, begin in self._next.items():
            end = self._end(log)
            if end > begin:
                found[log] = [self._record(log, offset) for offset in range(begin, end)]
                self._next[log] = end
        return found

    async def stop(self) -> None:
        """There is nothing to disconnect from."""

    def _end(self, log: Log) -> int:
        return len(self._logs.get((log.topic, log.partition), ()))

    def _record(self, log: Log, offset: int) -> InMemoryRecord:
        record = self._logs[log.topic, log.partition][offset]
        now = time.time_ns() // 1_000_000
        return InMemoryRecord(offset, now, record.key, record.value, record.headers)


@dataclass
class InMemoryPast:
    """Reads the logs of an in-memory publisher again."""

    publisher: InMemoryEventPublisher
    reads: int = 0
    away: bool = False
    forgotten: int = 0
    """So many records at the beginning of each log are gone."""
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """Nothing is read before it is set."""

    def __post_init__(self) -> None:
        self.open.set()

    async def read(self, positions: Positions) -> Mapping[Log, Sequence[TailedRecord]]:
        """Return a few records; see `edge_ws.ports.PastSource`."""
        self.reads += 1
        await self.open.wait()
        if self.away:
            raise OSError("the log is away")
        return {log: self._some(log, begin) for log, begin in positions.items()}

    async def stop(self) -> None:
        """There is nothing to disconnect from."""

    def _some(self, log: Log, begin: int) -> list[InMemoryRecord]:
        records = self.publisher.logs.get((log.topic, log.partition), [])
        first = max(begin, self.forgotten)
        return [
            InMemoryRecord(offset, 0, record.key, record.value, record.headers)
            for offset, record in enumerate(records[first : first + SOME], first)
        ]


@dataclass
class InMemoryTickets:
    """Single-use tickets in a dictionary."""

    tickets: dict[str, SocketTicket] = field(default_factory=dict)
    away: bool = False

    async def take(self, ticket: str) -> SocketTicket | None:
        """Return and forget a ticket; see `edge_ws.ports.TicketStore`."""
        if self.away:
            raise RetryableError("the tickets are away")
        return self.tickets.pop(ticket, None)


@dataclass
class InMemoryWhispers:
    """Whispers among the edges that share this object."""

    away: bool = False
    here: Counter[UUID] = field(default_factory=Counter)
    idle: set[UUID] = field(default_factory=set)
    last_seen: dict[UUID, datetime] = field(default_factory=dict)
    ears: set[asyncio.Queue[bytes]] = field(default_factory=set)

    async def tell(self, whisper: bytes) -> None:
        """Send to every edge; see `edge_ws.passing.Whispers`."""
        self._check()
        for ear in self.ears:
            ear.put_nowait(whisper)

    async def hear(self) -> AsyncIterator[bytes]:
        """Return what is told."""
        self._check()
        ear: asyncio.Queue[bytes] = asyncio.Queue()
        self.ears.add(ear)
        try:
            while True:
                yield await ear.get()
        finally:
            self.ears.discard(ear)

    async def arrive(self, user_ids: list[UUID], away: Sequence[UUID] = ()) -> None:
        """Note who is here, and at a device."""
        self._check()
        for user_id in user_ids:
            self.here[user_id] = 1
            self.idle.discard(user_id)
        for user_id in away:
            self.here[user_id] = 1
            self.idle.add(user_id)
            self.last_seen.setdefault(user_id, datetime.now(UTC))

    async def leave(self, user_id: UUID) -> None:
        """Note who left, and when."""
        self._check()
        self.here[user_id] = 0
        self.last_seen[user_id] = datetime.now(UTC)

    async def look(self, user_ids: list[UUID]) -> list[Seen]:
        """Return who is here."""
        self._check()
        return [Seen(self._state(each), self.last_seen.get(each)) for each in user_ids]

    def _state(self, user_id: UUID) -> PresenceState:
        if not self.here[user_id]:
            return PresenceState.OFFLINE
        return PresenceState.AWAY if user_id in self.idle else PresenceState.ONLINE

    def _check(self) -> None:
        if self.away:
            raise RetryableError("the whispers are away")


@dataclass
class InMemoryDirectory:
    """Conversations and their owners in a dictionary."""

    owners: dict[UUID, UUID] = field(default_factory=dict)
    agents: dict[UUID, tuple[UUID, ...]] = field(default_factory=dict)
    """Who came into each conversation."""
    messages: dict[tuple[UUID, UUID], KnownMessage] = field(default_factory=dict)
    """By conversation and message."""
    stored: Sequence[Position] | None = None
    """Up to where messages are complete; None is everywhere."""
    ended: set[UUID] = field(default_factory=set)
    away: bool = False
    asked: int = 0

    async def look_up(self, conversation_id: UUID, user_id: UUID) -> Grant | None:
        """Return what the user may; see `edge_ws.ports.ConversationDirectory`."""
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise RetryableError("the directory is away")
        owner = self.owners.get(conversation_id)
        if owner is None:
            return None
        agents, ended = self.agents.get(conversation_id, ()), conversation_id in self.ended
        if owner == user_id:
            return Grant(owner, SenderKind.USER, agents, ended=ended)
        kind = SenderKind.AGENT if user_id in agents else None
        return Grant(owner, kind, agents, ended=ended)

    async def find_message(
        self, conversation_id: UUID, message_id: UUID, needed: Sequence[Position] = ()
    ) -> KnownMessage | None:
        """Return a message; see `edge_ws.ports.ConversationDirectory`."""
        await asyncio.sleep(0)
        if self.away:
            raise RetryableError("the directory is away")
        found = self.messages.get((conversation_id, message_id))
        if found is None and self.stored is not None and not reaches(self.stored, needed):
            raise RetryableError("the directory is not complete yet")
        return found
