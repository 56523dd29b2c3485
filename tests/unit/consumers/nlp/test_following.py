"""Topics that a replica reads whole: a broker that is away holds up nobody, and nothing is lost."""

import asyncio

import pytest

from consumers.nlp.followed import followed
from consumers.nlp.service import following
from runtime.errors import RetryableError
from schemas.topics import Topic


class ScriptedReader:
    """Takes in what the test lets it."""

    def __init__(self, records: int) -> None:
        self.records = records
        self.taken = 0
        self.away = self.closed = False
        self.defects = 0
        """So many reads fail in a way that nobody foresaw."""

    @property
    def caught_up(self) -> bool:
        return self.taken >= self.records

    async def read(self) -> None:
        await asyncio.sleep(0.001)
        if self.away:
            raise RetryableError("away")
        if self.defects:
            self.defects -= 1
            raise ValueError
        self.taken += self.taken < self.records

    async def close(self) -> None:
        self.closed = True


async def until(reader: ScriptedReader, taken: int) -> None:
    async with asyncio.timeout(5):
        while reader.taken < taken:
            await asyncio.sleep(0.005)


async def test_the_block_begins_when_all_that_stood_there_is_known() -> None:
    """And what comes afterwards is taken in beside it, until the block ends."""
    reader = ScriptedReader(3)
    async with followed(Topic.KNOWLEDGE, reader, reader, patience=5):
        assert reader.taken == 3
        reader.records = 5
        await until(reader, 5)
    assert reader.closed
    reader.records = 9
    await asyncio.sleep(0.02)
    assert reader.taken == 5


@pytest.mark.parametrize("failing", ["away", "slow"])
async def test_nobody_waits_long_for_a_topic(monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    """Away or endless: the block begins all the same, and the rest is read when it can be."""
    monkeypatch.setattr(following, "RETRY_SECONDS", 0.01)
    reader = ScriptedReader(3 if failing == "away" else 10**6)
    reader.away = failing == "away"
    async with followed(Topic.KNOWLEDGE, reader, reader, patience=0.05):
        assert not reader.caught_up
        reader.away, known = False, reader.taken
        await until(reader, known + 3)


async def test_what_is_in_hand_when_patience_ends_is_not_lost() -> None:
    """A batch that takes longer is taken in to its end, once."""

    class Batches(ScriptedReader):
        async def read(self) -> None:
            batch, self.polled = range(self.polled, self.records), self.records
            await asyncio.sleep(0.001)
            for _ in batch:
                await asyncio.sleep(0.03)
                self.taken += 1

        polled = 0

    reader = Batches(4)
    async with followed(Topic.KNOWLEDGE, reader, reader, patience=0.05):
        assert not reader.caught_up
        await until(reader, 4)
    assert reader.taken == 4


async def test_a_defect_is_told_and_does_not_end_the_following(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What cannot be taken in today must not keep out what comes tomorrow."""
    monkeypatch.setattr("consumers.delivery.background.RESTART_SECONDS", 0.01)
    reader = ScriptedReader(0)
    async with followed(Topic.KNOWLEDGE, reader, reader, patience=1):
        reader.records, reader.defects = 2, 2
        await until(reader, 2)
        assert reader.defects == 0
