"""The judge: what was accepted, what stands in the tables, what each reader saw, compared."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg

from cli.reconciliation.compare import Place, reconcile
from tests.stack import Stack

if TYPE_CHECKING:
    from tests.faults.traffic import Traffic

_ROWS = """
select event_id, message_id, type, in_reply_to, conversation_id from messages
where conversation_id = any($1::uuid[])
"""
SETTLE_SECONDS = 60.0
SHOWN_SECONDS = 15.0


@dataclass(frozen=True)
class Row:
    """One stored message or reply."""

    event_id: UUID
    message_id: UUID
    type: str
    in_reply_to: UUID | None
    conversation_id: UUID


@dataclass(frozen=True)
class View:
    """What one person was told: accepted message ids, and event ids in the order of arrival."""

    conversation_id: UUID
    accepted: frozenset[UUID]
    seen: Sequence[str]
    late: frozenset[UUID] = frozenset()
    """Questions of which they were told that no answer came in time and none will come."""
    attempted: frozenset[UUID] = frozenset()
    """Said without waiting to hear what came of it: these may be stored once, or not at all."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The outcome of a fault run; all lists empty means the promises held."""

    accepted: int
    rows: int
    seen: int
    lost: list[UUID]
    """Accepted and not in the table."""
    unexpected: list[UUID]
    """In the table and never accepted."""
    doubled: list[UUID]
    """Stored by more than one row, or answered by more than one."""
    unanswered: list[UUID]
    unseen: list[str]
    """In the table and never shown to its reader."""
    shown_twice: list[str]
    log_missing: tuple[str, ...] = ()
    """On the log and not in the tables, of everything this stack ever said."""
    log_unexpected: tuple[str, ...] = ()
    slowest_accept: float = 0.0
    longest_pause: float = 0.0
    """The longest time between two accepts while people were talking."""
    lag: int = 0
    """What the groups have not worked a minute after everything was well again."""
    dead_letters: int = 0
    """Records on dead-letter topics beyond (or short of) the poison that was put there."""

    @property
    def missing(self) -> int:
        """How many things were lost, left unanswered or silently not shown."""
        stored = len(self.lost) + len(self.log_missing)
        return stored + len(self.unanswered) + len(self.unseen)

    @property
    def duplicate(self) -> int:
        """How many things were there, or shown, more often than said."""
        stored = len(self.unexpected) + len(self.doubled) + len(self.log_unexpected)
        return stored + len(self.shown_twice)

    @property
    def kept(self) -> bool:
        """Whether nothing was lost, doubled, silently missing, left over or dead-lettered."""
        return not (self.missing or self.duplicate or self.lag or self.dead_letters)


def compare(views: Iterable[View], rows: Sequence[Row]) -> Verdict:
    """Compare what people were told with what is stored."""
    views = list(views)
    late = frozenset[UUID]().union(*(view.late for view in views))
    accepted = frozenset[UUID]().union(*(view.accepted for view in views))
    attempted = frozenset[UUID]().union(*(view.attempted for view in views))
    stored = Counter(row.message_id for row in rows if row.type == "message")
    answers = Counter(row.in_reply_to for row in rows if row.type == "reply" and row.in_reply_to)
    unseen: list[str] = []
    twice: list[str] = []
    seen = 0
    for view in views:
        times = Counter(view.seen)
        mine = {str(row.event_id) for row in rows if row.conversation_id == view.conversation_id}
        seen += len(mine & set(times))
        unseen += sorted(mine - set(times))
        twice += [event_id for event_id, count in times.items() if count > 1]
    return Verdict(
        accepted=len(accepted),
        rows=len(rows),
        seen=seen,
        lost=sorted(accepted - set(stored)),
        unexpected=sorted(set(stored) - accepted - attempted),
        doubled=[each for times in (stored, answers) for each, count in times.items() if count > 1],
        unanswered=sorted((accepted | (attempted & set(stored))) - set(answers) - late),
        unseen=unseen,
        shown_twice=twice,
    )


async def judge(stack: Stack, traffic: "Traffic", patience: float = SETTLE_SECONDS) -> Verdict:
    """Compare, once the tables hold an answer to everything that was accepted."""
    rows = await _settled_rows(stack, traffic.views(), patience)
    whole = await reconcile(Place(stack.bootstrap_servers, stack.database_url()))
    deadline = time.monotonic() + min(patience, SHOWN_SECONDS)
    while (found := compare(traffic.views(), rows)).unseen and time.monotonic() < deadline:
        # What was stored last may still be on its way to its reader.
        await asyncio.sleep(0.2)
    return replace(
        found,
        log_missing=tuple(whole.missing),
        log_unexpected=tuple(whole.unexpected),
        slowest_accept=max(person.slowest_accept for person in traffic.people),
        longest_pause=traffic.longest_pause,
    )


async def _settled_rows(stack: Stack, views: list[View], patience: float) -> list[Row]:
    """Return the rows once there are as many as expected, or what there is after so long."""
    conversations = [view.conversation_id for view in views]
    expected = sum(2 * len(view.accepted) - len(view.late) for view in views)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience
    connection = await asyncpg.connect(stack.database_url())
    try:
        while True:
            found = await connection.fetch(_ROWS, conversations)
            if len(found) >= expected or loop.time() > deadline:
                return [Row(**row) for row in found]
            await asyncio.sleep(0.2)
    finally:
        await connection.close()
