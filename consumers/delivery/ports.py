"""What the loop hands to a consumer, and what it asks of one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from schemas.events.envelope import Event

Headers = tuple[tuple[str, bytes | None], ...]


class Partition(NamedTuple):
    """One ordered log."""

    topic: str
    partition: int


Offsets = Mapping[Partition, int]
"""The offset of the next record to read, per partition."""


@dataclass(frozen=True, slots=True)
class Record:
    """A record exactly as it stands on the log; `timestamp` is in milliseconds."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int

    @property
    def source(self) -> Partition:
        """The log it stands on."""
        return Partition(self.topic, self.partition)


@dataclass(frozen=True, slots=True)
class Delivered:
    """An event and the record it was read from."""

    event: Event
    record: Record


class BatchHandler(Protocol):
    """Works what was polled; whatever is polled comes at once, so a batch may well hold one.

    Ordering: within a partition, as on the log; batches never overlap.
    Idempotency: after a crash or a rebalance a batch comes again; working it twice must have the
    effect of once (ids are deterministic).
    Failure: `RetryableError` means a shared part is away: the same batch comes again after a
    pause, nothing is dead-lettered. `InvalidEventError` dead-letters the event it was raised for:
    a larger batch is first worked one by one to find it. `TransientError`, and what only the
    surroundings can be to blame for (`TimeoutError`, other `OSError`s, `MemoryError`), parks the
    event and all later ones of its key on the retry topic; after a bounded number of tries it is
    dead-lettered as `retries_exhausted`. Anything else is tried three times on its own, then
    dead-lettered as `handler_error`.
    """

    async def handle(self, batch: Sequence[Delivered]) -> None:
        """Do the work; when this returns the offsets are committed."""
        ...


@runtime_checkable
class Unhurried(Protocol):
    """A `BatchHandler` whose work may go on after `handle` has returned (ADR 0023).

    Nothing at or behind the first unfinished record of a partition is committed, so after a crash
    all of it comes again.
    """

    def unfinished(self) -> Offsets:
        """Return the first unfinished record of each partition that has one."""
        ...

    async def settle(self) -> None:
        """Finish soon or give up: the process stops; what is given up comes again."""
        ...


@runtime_checkable
class Prepared(Protocol):
    """A `BatchHandler` that needs something at hand before it works a new assignment."""

    async def prepare(self) -> None:
        """
        Return when it is there; called after each assignment, before anything of it is read.

        Raises:
            RetryableError: not yet; it is asked again after a pause.
        """
        ...


@runtime_checkable
class OffsetKeeper(Protocol):
    """Stores what events become together with how far it has come, all or nothing.

    What it stored is the truth about the position; Kafka's own commit is a hint.
    Failure: as `BatchHandler`, and `FencedError` when another member has moved the position.
    """

    async def load(self, partitions: Iterable[Partition]) -> Offsets:
        """Return the stored positions; a partition without one starts at its beginning."""
        ...

    async def store(self, batch: Sequence[Delivered], upto: Offsets) -> None:
        """Store the batch's effect and move the positions to `upto`; the batch may be empty."""
        ...
