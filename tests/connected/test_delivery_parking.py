"""Records whose own work fails, on the real log: parked, in order, in nobody's way, for good."""

import asyncio
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

import pytest

from cli.reconciliation.compare import Place, reconcile
from consumers.delivery.ports import Delivered, OffsetKeeper, Offsets, Partition
from runtime.errors import TransientError
from schemas import headers as names
from schemas.events.chat import MessageSent
from schemas.events.envelope import Event
from tests.connected import delivery_bed as bed
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(180)]

DEAD_LETTERS = "chat-messages-persistence-dlq"


@dataclass
class Diary:
    """What all members of the group did, in order, and what is to fail."""

    failing: set[UUID]
    """Messages that fail."""
    times: int
    tries: Counter[UUID] = field(default_factory=Counter)
    stored: dict[UUID, list[UUID]] = field(default_factory=lambda: defaultdict(list))
    """Messages of each conversation, as they were stored."""
    stores_left: int = sys.maxsize
    """After so many stores since the first failure the member dies, before Kafka hears of it."""


@dataclass
class Flaky:
    """A keeper whose own work fails for some messages."""

    diary: Diary
    keeper: OffsetKeeper

    async def load(self, partitions: Iterable[Partition]) -> Offsets:
        return await self.keeper.load(partitions)

    async def store(self, batch: Sequence[Delivered], upto: Offsets) -> None:
        said = [each.event for each in batch if isinstance(each.event, MessageSent)]
        for event in said:
            if event.message_id in self.diary.failing:
                if len(batch) > 1:
                    raise TransientError("told apart one by one")
                self.diary.tries[event.message_id] += 1
                if self.diary.tries[event.message_id] <= self.diary.times:
                    raise TransientError("its own work failed")
        await self.keeper.store(batch, upto)
        for event in said:
            self.diary.stored[event.conversation_id].append(event.message_id)
        self.diary.stores_left -= bool(said and self.diary.tries)
        if self.diary.stores_left == 0:
            raise asyncio.CancelledError


def ids_of(events: Sequence[Event]) -> dict[UUID, list[UUID]]:
    """Return the messages of each conversation, as they were said."""
    said = defaultdict(list)
    for event in events:
        assert isinstance(event, MessageSent)
        said[event.conversation_id].append(event.message_id)
    return said


def first_of(events: Sequence[Event]) -> MessageSent:
    first = events[0]
    assert isinstance(first, MessageSent)
    return first


def unrepeated(messages: Sequence[UUID]) -> list[UUID]:
    """Return the order in which they were first stored; after a crash one may come again."""
    return list(dict.fromkeys(messages))


async def all_done(stack: Stack) -> None:
    """Wait until everything is stored, also what was parked on the way."""
    await bed.caught_up(stack, "persistence")
    # The retry topics have their last records only now.
    await bed.caught_up(stack, "persistence")


async def test_order_survives_failures_and_crashes(infra_stack: Stack) -> None:
    """Each third message fails twice, members come, crash and go: every key keeps its order."""
    events = bed.messages(600, conversations=30)
    failing = {each.message_id for each in events[::3] if isinstance(each, MessageSent)}
    diary = Diary(failing, times=2)
    flaky = partial(Flaky, diary)
    async with bed.producing(infra_stack) as producer:
        await bed.publish(producer, events[:300])
        first = bed.member(infra_stack, "persistence", flaky)
        diary.stores_left = 20
        # The loop's task ends, and with it the member.
        await first.run()
        assert diary.stores_left == 0
        assert diary.tries
        await bed.publish(producer, events[300:])
    members = (bed.member(infra_stack, "persistence", flaky) for _ in range(2))
    async with bed.consuming(*members):
        await all_done(infra_stack)
    said = ids_of(events)
    wrong = {
        key: [said[key].index(each) for each in unrepeated(order)]
        for key in said
        if unrepeated(order := diary.stored[key]) != said[key]
    }
    assert not wrong
    assert await bed.stored_of(infra_stack, first_of(events).sender.id) == len(events)
    verdict = await reconcile(Place(infra_stack.bootstrap_servers, infra_stack.database_url()))
    # What the gateway's tests write past the log is no business of this one.
    assert not verdict.missing


async def test_what_never_works_is_dead_lettered_as_it_was(infra_stack: Stack) -> None:
    """After the last try it is a dead letter of its own topic, and its key goes on."""
    events = bed.messages(3, conversations=1)
    diary = Diary({first_of(events).message_id}, times=1_000)
    before = await bed.ends(infra_stack, [DEAD_LETTERS])
    async with bed.producing(infra_stack) as producer:
        await bed.publish(producer, events)
    member = bed.member(infra_stack, "persistence", partial(Flaky, diary))
    async with bed.consuming(member):
        await all_done(infra_stack)
    key, said = ids_of(events).popitem()
    assert diary.stored[key] == said[1:]
    (letter,) = await bed.read_from(infra_stack, before)
    found = dict(letter.headers)
    assert found[names.DEAD_LETTER_TOPIC] == b"chat-messages"
    assert found[names.DEAD_LETTER_REASON] == b"retries_exhausted"
    assert letter.value == first_of(events).model_dump_json().encode()
    verdict = await reconcile(Place(infra_stack.bootstrap_servers, infra_stack.database_url()))
    assert not verdict.missing
