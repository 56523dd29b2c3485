"""What asking the assistant needs: a leased reply partition, its records, and a way to ask."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, TypedDict
from uuid import UUID

from schemas.events.ai import AiReply, AiRequest


@dataclass(frozen=True)
class Lease:
    """A reply partition that is this gateway's for a while; a later lease has a larger fence."""

    partition: int
    fence: int


class ReplyLeases(Protocol):
    """Gives each reply partition to one gateway at a time.

    A lease ends by itself when it is not renewed in time; then anybody may take the partition.
    Failure: raises RetryableError when the store is away; nothing is known then.
    """

    async def take(self) -> Lease | None:
        """Take a partition that is nobody's; None when every one is somebody's."""
        ...

    async def renew(self, lease: Lease) -> bool:
        """Start its lifetime again; False when it is not ours any more."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give it back, if it is still ours."""
        ...


class ReplyRecord(NamedTuple):
    """A record of a reply partition, not read yet."""

    event_type: str
    request_id: str
    value: bytes


class ReplyReader(Protocol):
    """Reads one reply partition."""

    async def poll(self) -> Sequence[ReplyRecord]:
        """Return what has come, at the latest after a second."""
        ...


class ReplyLog(Protocol):
    """The reply partitions.

    Failure: raises RetryableError when the log is away, also while it is read.
    """

    def follow(self, partition: int) -> AbstractAsyncContextManager[ReplyReader]:
        """Read a partition from its end; nothing written once the block is entered is missed."""
        ...


class Stamp(TypedDict):
    """What the gateway puts on a request, and nobody else."""

    event_id: UUID
    occurred_at: datetime
    correlation_id: UUID
    request_id: UUID
    reply_partition: int
    reply_fence: int
    answer_by: datetime


Write = Callable[[Stamp], AiRequest]


class Asker(Protocol):
    """Asks the assistant.

    Idempotency: asking again under the same id gives the same answer for minutes.
    Failure: raises NoAnswerError at the latest when the deadline has passed; never hangs.
    """

    async def ask(self, request_id: UUID, write: Write) -> AiReply:
        """Return the answer."""
        ...

    def stream(self, request_id: UUID, write: Write) -> AsyncGenerator[AiReply]:
        """Yield the answer piece by piece; each piece has the deadline of a whole answer."""
        ...
