"""The judge: what was accepted, what stands in the tables, what each reader saw, compared."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from tests.faults.traffic import Person, Traffic
from tests.stack import Stack

_ROWS = """
select event_id, message_id, type, in_reply_to, conversation_id from messages
where conversation_id = any($1::uuid[])
"""
_SETTLE_SECONDS = 60.0


@dataclass(frozen=True)
class Row:
    """One stored message or reply."""

    event_id: UUID
    message_id: UUID
    type: str
    in_reply_to: UUID | None
    conversation_id: UUID


@dataclass(frozen=True)
class Verdict:
    """The outcome of a fault run; all lists empty means the promises held."""

    accepted: int
    rows: int
    missing: list[UUID]
    """Accepted and not in the table."""
    unexpected: list[UUID]
    """In the table and never accepted."""
    doubled: list[UUID]
    """Answered by more than one stored reply."""
    unanswered: list[UUID]
    unseen: list[str]
    """In the table and never shown to its reader."""
    shown_twice: list[str]
    slowest_accept: float

    @property
    def kept(self) -> bool:
        """Whether nothing was lost, doubled or silently missing."""
        return not (
            self.missing
            or self.unexpected
            or self.doubled
            or self.unanswered
            or self.unseen
            or self.shown_twice
        )


async def judge(stack: Stack, traffic: Traffic) -> Verdict:
    """Compare, once the tables hold an answer to everything that was accepted."""
    accepted = set[UUID]().union(*(person.accepted for person in traffic.people))
    rows = await _settled_rows(stack, traffic.people, 2 * len(accepted))
    stored = {row.message_id for row in rows if row.type == "message"}
    answers = Counter(row.in_reply_to for row in rows if row.type == "reply")
    unseen, twice = _compare_views(traffic.people, rows)
    return Verdict(
        accepted=len(accepted),
        rows=len(rows),
        missing=sorted(accepted - stored),
        unexpected=sorted(stored - accepted),
        doubled=[question for question, count in answers.items() if question and count > 1],
        unanswered=sorted(accepted - set(answers)),
        unseen=unseen,
        shown_twice=twice,
        slowest_accept=max(person.slowest_accept for person in traffic.people),
    )


async def _settled_rows(stack: Stack, people: list[Person], expected: int) -> list[Row]:
    """Return the rows once there are as many as expected, or what there is after a minute."""
    conversations = [person.conversation.id for person in people]
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _SETTLE_SECONDS
    connection = await asyncpg.connect(stack.database_url())
    try:
        while True:
            found = await connection.fetch(_ROWS, conversations)
            if len(found) >= expected or loop.time() > deadline:
                return [Row(**row) for row in found]
            await asyncio.sleep(0.2)
    finally:
        await connection.close()


def _compare_views(people: list[Person], rows: list[Row]) -> tuple[list[str], list[str]]:
    unseen: list[str] = []
    twice: list[str] = []
    for person in people:
        views = Counter(person.seen)
        mine = {str(row.event_id) for row in rows if row.conversation_id == person.conversation.id}
        unseen += sorted(mine - set(views))
        twice += [event_id for event_id, count in views.items() if count > 1]
    return unseen, twice
