"""How profiles are told: once per change, and as seldom as may be."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from consumers.personalization.ports import Profile, Untold
from consumers.personalization.service.telling import BATCH, Teller
from producers.memory import InMemoryEventPublisher
from producers.ports import PublishStatus
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.profiles import ProfileUpdated

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class InMemoryTellings:
    """Profiles that wait, without a pause between two tellings of one person."""

    def __init__(self) -> None:
        self.kept: dict[UUID, Untold] = {}
        self.untold_now: set[UUID] = set()
        self.open = True

    def learn(self, user: UUID, messages: int) -> None:
        """Let a person have written so many messages."""
        told = self.kept[user].told if user in self.kept else None
        changed_at = AT + timedelta(seconds=messages)
        self.kept[user] = Untold(user, Profile(AT, AT, messages=messages), changed_at, told)
        self.untold_now.add(user)

    @asynccontextmanager
    async def claim(self) -> AsyncIterator["InMemoryTellings | None"]:
        """Give itself, unless it is closed."""
        yield self if self.open else None

    async def untold(self, limit: int) -> Sequence[Untold]:
        """Return those that wait."""
        return [self.kept[user] for user in sorted(self.untold_now)[:limit]]

    async def settle(self, told: Sequence[tuple[Untold, str | None]]) -> None:
        """Note what was told."""
        for each, short in told:
            kept = self.kept[each.user_id]
            self.kept[each.user_id] = replace(kept, told=short or kept.told)
            if kept.changed_at == each.changed_at:
                self.untold_now.discard(each.user_id)


class Room:
    """A teller and what is around it."""

    def __init__(self) -> None:
        self.tellings = InMemoryTellings()
        self.publisher = InMemoryEventPublisher()
        self.teller = Teller(self.tellings, self.publisher, HybridLogicalClock())

    def told(self) -> list[int]:
        """Return the number of messages that each record tells of."""
        events = self.publisher.events
        return [each.messages for each in events if isinstance(each, ProfileUpdated)]


@pytest.fixture
def room() -> Room:
    """Return a teller with nothing to tell."""
    return Room()


async def test_a_profile_is_told_once(room: Room) -> None:
    """What has been told is not told again."""
    room.tellings.learn(uuid4(), 1)
    for _ in range(3):
        assert not await room.teller.tell()
    assert room.told() == [1]


async def test_only_the_state_reached_is_told(room: Room) -> None:
    """Of five changes in a row others hear the last."""
    user = uuid4()
    for messages in range(1, 6):
        room.tellings.learn(user, messages)
    await room.teller.tell()
    assert room.told() == [5]


async def test_a_change_that_does_not_matter_is_not_told(room: Room) -> None:
    """It waits no longer either."""
    user = uuid4()
    room.tellings.learn(user, 4)
    await room.teller.tell()
    room.tellings.learn(user, 5)
    await room.teller.tell()
    assert room.told() == [4]
    assert not room.tellings.untold_now
    room.tellings.learn(user, 8)
    await room.teller.tell()
    assert room.told() == [4, 8]


async def test_what_the_broker_did_not_take_waits(room: Room) -> None:
    """An outage delays a profile and loses none."""
    room.tellings.learn(uuid4(), 1)
    room.publisher.status = PublishStatus.UNKNOWN
    with pytest.raises(RetryableError):
        await room.teller.tell()
    assert room.tellings.untold_now
    room.publisher.status = PublishStatus.ACCEPTED
    await room.teller.tell()
    assert room.told() == [1]


async def test_nothing_is_told_while_another_tells_or_a_rebuild_runs(room: Room) -> None:
    """Half a profile would take the place of a whole one."""
    room.tellings.learn(uuid4(), 1)
    room.tellings.open = False
    assert not await room.teller.tell()
    assert room.told() == []


async def test_many_are_told_in_batches(room: Room) -> None:
    """A full batch says that there may be more at once."""
    for _ in range(BATCH + 1):
        room.tellings.learn(uuid4(), 1)
    assert await room.teller.tell()
    assert not await room.teller.tell()
    assert len(room.told()) == BATCH + 1
