"""Commits: explicit, gathered, never fatal."""

import asyncio
from datetime import timedelta

import pytest
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaConnectionError

from consumers.delivery.commit import Commits
from consumers.delivery.ports import Partition
from tests.unit.consumers.delivery.samples import HOME, FakeSource, until

OTHER = Partition("chat-messages", 1)
QUICK = timedelta(milliseconds=5)


async def test_many_batches_make_one_commit() -> None:
    """Between two commits only the newest position of each partition counts."""
    source = FakeSource()
    commits = Commits(source, QUICK)
    running = asyncio.create_task(commits.run())
    for offset in range(1, 100):
        commits.note({HOME: offset})
    commits.note({OTHER: 7})
    await until(lambda: bool(source.commits))
    running.cancel()
    assert source.commits == [{HOME: 99, OTHER: 7}]


async def test_nothing_new_is_not_committed() -> None:
    """An idle consumer does not bother the broker."""
    source = FakeSource()
    commits = Commits(source, QUICK)
    commits.note({HOME: 1})
    await commits.flush()
    await commits.flush()
    assert source.commits == [{HOME: 1}]


@pytest.mark.parametrize("error", [CommitFailedError(), IllegalStateError()])
async def test_a_partition_of_someone_else_is_let_go(error: Exception) -> None:
    """After a rebalance the commit is another member's; it is not tried again."""
    source = FakeSource(failures=[error])
    commits = Commits(source, QUICK)
    commits.note({HOME: 1})
    await commits.flush()
    await commits.flush()
    assert source.commits == []


async def test_a_commit_that_failed_is_made_later() -> None:
    """With the broker away the position is kept, and a newer one wins."""
    source = FakeSource(failures=[KafkaConnectionError()])
    commits = Commits(source, QUICK)
    commits.note({HOME: 1, OTHER: 1})
    await commits.flush()
    commits.note({HOME: 2})
    await commits.flush()
    assert source.commits == [{HOME: 2, OTHER: 1}]


async def test_unfinished_work_holds_its_partition_back() -> None:
    """Nothing behind an unfinished record is committed; when it ends, all of it is."""
    source = FakeSource()
    held = {HOME: 3}
    commits = Commits(source, QUICK, lambda: held)
    commits.note({HOME: 9, OTHER: 5})
    await commits.flush()
    await commits.flush()
    held = {}
    await commits.flush()
    await commits.flush()
    assert source.commits == [{HOME: 3, OTHER: 5}, {HOME: 9}]


async def test_what_was_held_back_goes_with_its_partition() -> None:
    """After the partition was taken away nothing of it is committed any more."""
    source = FakeSource()
    held = {HOME: 3}
    commits = Commits(source, QUICK, lambda: held)
    commits.note({HOME: 9})
    await commits.flush()
    commits.forget()
    held = {}
    await commits.flush()
    assert source.commits == [{HOME: 3}]
