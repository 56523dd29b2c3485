"""Work that nobody waits for any more: told apart by the deadline that the event carries."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from consumers.delivery.ports import Delivered
from producers.dead_letters import read_redriven
from schemas.topics import source_of

BELIEVED = timedelta(hours=1)
"""A deadline that passed longer ago than this says more about somebody's clock than about the
work: a process whose clock is a day ahead must not fall silent."""


def split_late(
    batch: Sequence[Delivered], now: datetime
) -> tuple[Sequence[Delivered], Sequence[Delivered]]:
    """Return what is to be worked, and what is too late to be worth it, each in order.

    What an operator has redriven is never late: somebody wants it done.
    """
    passed = [is_late(each, now) for each in batch]
    if not any(passed):
        return batch, ()
    return (
        [each for each, late in zip(batch, passed, strict=True) if not late],
        [each for each, late in zip(batch, passed, strict=True) if late],
    )


def is_late(delivered: Delivered, now: datetime) -> bool:
    """Whether the deadline has passed, believably."""
    deadline = delivered.event.deadline
    if deadline is None or not deadline < now <= deadline + BELIEVED:
        return False
    record = delivered.record
    on_topic = source_of(record.topic) == record.topic
    return on_topic or read_redriven(record.headers, "") is None
