"""The outbox relay: nothing lost, order kept, one relay at a time, outages waited out."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import orjson
import pytest

from producers.memory import InMemoryEventPublisher
from producers.outbox import Backlog, OutboxRelay, OutboxRow
from producers.ports import PublishStatus
from runtime.errors import RetryableError
from schemas.events.admin import Action, ActionRecorded


def action() -> ActionRecorded:
    key = uuid4()
    return ActionRecorded(
        event_id=key,
        occurred_at=datetime(2026, 11, 23, tzinfo=UTC),
        correlation_id=key,
        actor_id=key,
        action=Action.USER_REGISTERED,
        target_type="user",
        target_id=key,
    )


@dataclass
class InMemoryOutbox:
    """Rows in a dictionary, behind a lock."""

    rows: dict[int, OutboxRow] = field(default_factory=dict)
    taken: bool = False
    away: bool = False

    def add(self, event: ActionRecorded, event_type: str = ActionRecorded.event_type) -> None:
        key = max(self.rows, default=0) + 1
        body: dict[str, Any] = orjson.loads(event.model_dump_json())
        self.rows[key] = OutboxRow(key, event_type, body)

    @asynccontextmanager
    async def claim(self) -> AsyncIterator[Backlog | None]:
        if self.away:
            raise RetryableError("away")
        yield None if self.taken else self

    async def read(self, after: int, limit: int) -> Sequence[OutboxRow]:
        return [self.rows[key] for key in sorted(self.rows) if key > after][:limit]

    async def remove(self, ids: Sequence[int]) -> None:
        for key in ids:
            del self.rows[key]


@pytest.fixture
def store() -> InMemoryOutbox:
    return InMemoryOutbox()


@pytest.fixture
def publisher() -> InMemoryEventPublisher:
    return InMemoryEventPublisher()


async def test_waiting_events_leave_in_order(
    store: InMemoryOutbox, publisher: InMemoryEventPublisher
) -> None:
    """Every row is published as it was written, oldest first, and then forgotten."""
    events = [action() for _ in range(7)]
    for event in events:
        store.add(event)

    assert await OutboxRelay(store, publisher, batch=3).forward()

    assert publisher.events == events
    assert store.rows == {}


@pytest.mark.parametrize("status", [s for s in PublishStatus if s is not PublishStatus.ACCEPTED])
async def test_unconfirmed_rows_stay(
    store: InMemoryOutbox, publisher: InMemoryEventPublisher, status: PublishStatus
) -> None:
    """What the broker did not confirm is tried again, and nothing overtakes it."""
    events = [action() for _ in range(3)]
    for event in events:
        store.add(event)
    publisher.status = status
    relay = OutboxRelay(store, publisher)

    assert not await relay.forward()
    assert len(store.rows) == 3
    publisher.status = PublishStatus.ACCEPTED
    assert await relay.forward()
    assert publisher.events == events


async def test_second_relay_stands_by(
    store: InMemoryOutbox, publisher: InMemoryEventPublisher
) -> None:
    """While another holds the claim nothing is published."""
    store.add(action())
    store.taken = True

    assert await OutboxRelay(store, publisher).forward()
    assert publisher.events == []


async def test_unreadable_row_holds_up_nothing(
    store: InMemoryOutbox, publisher: InMemoryEventPublisher
) -> None:
    """A row that is no event stays for an operator; those behind it leave."""
    store.add(action(), event_type="no.such_event.v1")
    bad = action()
    store.add(bad)
    store.rows[2].body["actor_id"] = "nobody"
    good = action()
    store.add(good)

    assert await OutboxRelay(store, publisher, batch=1).forward()

    assert publisher.events == [good]
    assert sorted(store.rows) == [1, 2]


async def test_outages_are_waited_out(
    store: InMemoryOutbox, publisher: InMemoryEventPublisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the store or the broker away the pause grows up to its bound, then work goes on."""
    pauses: list[float] = []
    done = asyncio.Event()

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 5:
            store.away = False
            publisher.status = PublishStatus.UNKNOWN
        if len(pauses) == 8:
            publisher.status = PublishStatus.ACCEPTED
        if len(pauses) == 9:
            done.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(asyncio, "sleep", sleep)
    store.away = True
    store.add(action())
    running = asyncio.create_task(OutboxRelay(store, publisher).run())
    await asyncio.wait_for(done.wait(), 5)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running

    assert pauses == [2, 2, 2, 2, 2, 2, 2, 2, 1]
    assert store.rows == {}
