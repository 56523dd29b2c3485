"""What a comparison of the log with the tables found; pure, so that it can be judged itself."""

import hashlib
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

LISTED = 100
"""Findings named per partition; what is beyond is only counted."""


class Kept(NamedTuple):
    """One event of the log, each once, and whether the tables hold it."""

    topic: str
    partition: int
    offset: int
    event_id: UUID | None
    """None when the record does not say which event it is."""
    stored: bool
    excused: bool
    """Dead-lettered: it stands on the dead-letter topic, byte for byte."""


class Standing(NamedTuple):
    """Something that was changed, and whether log and tables say the same of it."""

    topic: str | None
    """Where the change stands that counts; None when none is on the log."""
    partition: int | None
    kind: str
    name: UUID
    """The event's id; of a row that no event accounts for what identifies it."""
    key: UUID | None
    """The conversation of the row, if there is one."""
    finding: str | None
    """`missing`, `unexpected` or `different`."""


class Chain:
    """A digest over the events that owe a row, in the order of the log.

    A copy of a log, or a restored one, has the chain of its original up to the same offset. Of the
    tables it says nothing: a row does not know its place on the log.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, event_id: UUID) -> None:
        """Append an event."""
        self._digest.update(event_id.bytes)

    @property
    def text(self) -> str:
        """The chain so far, as hexadecimal text."""
        return self._digest.hexdigest()


@dataclass
class PartitionVerdict:
    """One ordered log and the rows that came of it."""

    topic: str
    partition: int
    upto: int = 0
    """Compared below this offset, which is how far the consumer has come."""
    records: int = 0
    events: int = 0
    """Different events that owe a row."""
    rows: int = 0
    changes: int = 0
    """Records that change rows instead of making one."""
    standing: int = 0
    """Things that are as the last change of them says."""
    repeats: int = 0
    """Records of an event that stands on the log already: harmless, stored once."""
    excused: int = 0
    missing: int = 0
    unexpected: int = 0
    duplicate: int = 0
    """Rows beyond the first of one message, or of one answer to one question."""
    different: int = 0
    """Things that are otherwise than the last change of them says."""
    missing_named: list[str] = field(default_factory=list)
    """Event ids, or the places of records that name none."""
    unexpected_named: list[str] = field(default_factory=list)
    duplicate_named: list[str] = field(default_factory=list)
    """Ids of messages, and of the questions that were answered."""
    different_named: list[str] = field(default_factory=list)
    """The kinds of changes and their event ids."""
    log_chain: Chain = field(default_factory=Chain, repr=False)

    @property
    def kept(self) -> bool:
        """Whether log and tables agree."""
        return not (self.missing or self.unexpected or self.duplicate or self.different)

    def take(self, event: Kept) -> None:
        """Count an event of the log; they come in the order of their offsets."""
        if event.excused:
            self.excused += 1
            return
        self.events += 1
        if event.event_id is not None:
            self.log_chain.add(event.event_id)
        if event.stored and event.event_id is not None:
            self.rows += 1
            return
        place = f"{event.topic}:{event.partition}:{event.offset}"
        self.missing += 1
        if len(self.missing_named) < LISTED:
            self.missing_named.append(str(event.event_id or place))

    def blame(self, event_id: UUID) -> None:
        """Count a row that no event of the log accounts for."""
        self.rows += 1
        self.unexpected += 1
        if len(self.unexpected_named) < LISTED:
            self.unexpected_named.append(str(event_id))

    def double(self, subject: UUID, more: int) -> None:
        """Count the rows that a message, or the answer to a question, has too many."""
        self.duplicate += more
        if len(self.duplicate_named) < LISTED:
            self.duplicate_named.append(str(subject))

    def see(self, change: Standing) -> None:
        """Count something that was changed."""
        if change.finding is None:
            self.standing += 1
            return
        named = f"{change.kind} {change.name}"
        match change.finding:
            case "missing":
                self.missing += 1
                names = self.missing_named
            case "unexpected":
                self.unexpected += 1
                names = self.unexpected_named
            case _:
                self.different += 1
                names = self.different_named
        if len(names) < LISTED:
            names.append(named)


@dataclass(frozen=True)
class Verdict:
    """The whole comparison."""

    partitions: list[PartitionVerdict]

    @property
    def kept(self) -> bool:
        """Whether log and tables agree everywhere."""
        return all(each.kept for each in self.partitions)

    @property
    def missing(self) -> list[str]:
        """What the log has and the tables lack."""
        return [name for each in self.partitions for name in each.missing_named]

    @property
    def unexpected(self) -> list[str]:
        """What the tables have and the log lacks."""
        return [name for each in self.partitions for name in each.unexpected_named]

    @property
    def duplicate(self) -> list[str]:
        """What the tables have more than once, under whatever event ids."""
        return [name for each in self.partitions for name in each.duplicate_named]

    @property
    def different(self) -> list[str]:
        """What the tables have otherwise than the log."""
        return [name for each in self.partitions for name in each.different_named]

    def topics(self) -> dict[str, list[PartitionVerdict]]:
        """Return the partitions by topic."""
        found: dict[str, list[PartitionVerdict]] = {}
        for each in self.partitions:
            found.setdefault(each.topic, []).append(each)
        return found
