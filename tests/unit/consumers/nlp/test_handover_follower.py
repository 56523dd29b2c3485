"""The changelog of hand-overs: read whole before work begins, and mended when it lost something."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, cast
from uuid import UUID, uuid4

import pytest

from consumers.delivery.kafka_offsets import KafkaOffsets
from consumers.delivery.ports import Offsets, Partition
from consumers.nlp.service import handover_follower as module
from consumers.nlp.service.following import follow
from consumers.nlp.service.handover_follower import HandoverFollower
from consumers.nlp.service.handovers import Handovers
from producers.memory import InMemoryEventPublisher
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.chat import Handler
from schemas.events.handovers import HandoverChange, HandoversNoted
from tests.unit.consumers.nlp.samples import AT

if TYPE_CHECKING:
    from consumers.delivery.source import Source
    from schemas.events.envelope import Event

CONVERSATION = uuid4()
CALLED, RETURNED = (
    HandoverChange(
        place=place, occurred_at=AT + timedelta(seconds=place), event_id=uuid4(), to=handler
    )
    for place, handler in ((10, Handler.AGENT), (20, Handler.ASSISTANT))
)


def noted(*changes: HandoverChange) -> HandoversNoted:
    """A record of the changelog."""
    return HandoversNoted(
        event_id=uuid4(),
        occurred_at=AT,
        correlation_id=uuid4(),
        conversation_id=CONVERSATION,
        handler=changes[-1].to,
        changes=changes,
    )


@dataclass
class ScriptedLog:
    """A changelog that gives one record per poll, and fails when it is told to."""

    records: list["Event"] = field(default_factory=list)
    position: int = 0
    away: bool = False

    @property
    def caught_up(self) -> bool:
        """Whether all of it was read."""
        return self.position >= len(self.records)

    async def poll(self) -> Sequence["Event"]:
        """Give the next record."""
        await asyncio.sleep(0)
        if self.away:
            raise RetryableError("away")
        found = self.records[self.position : self.position + 1]
        self.position += len(found)
        return found

    async def end(self) -> int:
        """Say how many there are."""
        if self.away:
            raise RetryableError("away")
        return len(self.records)


class Room:
    """A follower and what it knows."""

    def __init__(self, *records: "Event") -> None:
        self.log = ScriptedLog(list(records))
        self.publisher = InMemoryEventPublisher()
        clock = HybridLogicalClock(now=lambda: AT)
        self.handovers = Handovers(self.publisher, clock)
        self.handed: list[UUID] = []
        self.follower = HandoverFollower(self.log, self.handovers, clock, self.handed.append)


async def test_it_is_prepared_when_all_that_stood_there_is_known() -> None:
    """Not a record earlier: the last one may be the one that counts."""
    room = Room(noted(CALLED), noted(CALLED, RETURNED), noted(CALLED))
    following = asyncio.create_task(
        follow(room.follower, "conversation-handovers", asyncio.Event())
    )
    await room.follower.prepare()
    assert room.log.position == 3
    assert room.handed == [CONVERSATION]
    assert not room.handovers.with_person(CONVERSATION)
    following.cancel()


async def test_it_is_not_prepared_while_it_cannot_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loop is told to ask again, and nothing is worked meanwhile."""
    monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.05)
    room = Room(noted(CALLED))
    with pytest.raises(RetryableError, match="0 of 1"):
        await room.follower.prepare()
    room.log.away = True
    with pytest.raises(RetryableError):
        await room.follower.prepare()
    room.log.away = False
    await room.follower.read()
    await room.follower.prepare()


async def test_what_a_late_writer_undid_is_mended() -> None:
    """A member that stood still writes what it knew; the newer hand-over must not be lost."""
    room = Room(noted(CALLED), noted(CALLED, RETURNED), noted(CALLED))
    for _ in range(2):
        await room.follower.read()
    assert room.publisher.events == []
    await room.follower.read()
    [mended] = room.publisher.events
    assert isinstance(mended, HandoversNoted)
    assert (mended.handler, mended.changes) == (Handler.ASSISTANT, (CALLED, RETURNED))
    room.log.records.append(mended)
    await room.follower.read()
    assert room.publisher.events == [mended]


async def test_positions_are_looked_up_before_it_is_prepared() -> None:
    """What is prepared is no older than the position that work begins at."""
    steps: list[str] = []

    class Positions:
        async def committed(self, partitions: object) -> Offsets:
            steps.append("committed")
            return {Partition("chat-messages", 0): 7}

    class Worker:
        async def handle(self, batch: object) -> None:
            steps.append("worked")

        async def prepare(self) -> None:
            steps.append("prepared")

    keeper = KafkaOffsets(cast("Source", Positions()), Worker())
    assert await keeper.load([Partition("chat-messages", 0)]) == {Partition("chat-messages", 0): 7}
    assert steps == ["committed", "prepared"]
