"""Carrying a redrive out: heard of first, byte for byte, in order, and honest when it stops."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from cli.dlq.carry import Carrier
from cli.dlq.plan import plan_redrive
from infra.embedded.errors import StackError
from producers.dead_letters import Header, read_redriven
from producers.memory import InMemoryEventPublisher
from producers.ports import PublishStatus
from runtime.errors import RetryableError
from schemas import ids
from schemas.events.admin import ActionRecorded
from schemas.topics import Lane, Topic
from tests.unit.cli.dlq.letters import GROUP, letter

LANE = Lane(Topic.CHAT_MESSAGES, "persistence")
PLANNED = plan_redrive([letter(n) for n in range(3)], {}, again=False, max_attempts=3).redrives
Copy = tuple[str, int, bytes | None, bytes | None, tuple[Header, ...]]


@dataclass
class Shelf:
    """Keeps what was copied; fails after `room` records."""

    room: int = 1_000
    copied: list[Copy] = field(default_factory=list)

    async def publish(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[Header],
    ) -> None:
        if len(self.copied) == self.room:
            raise RetryableError("broker away")
        self.copied.append((topic, partition, key, value, tuple(headers)))


def actions(audit: InMemoryEventPublisher) -> list[ActionRecorded]:
    return [event for event in audit.events if isinstance(event, ActionRecorded)]


async def test_records_are_copied_as_they_were() -> None:
    """Key, value, headers and partition of the original, in order, each with its attempt."""
    shelf, audit = Shelf(), InMemoryEventPublisher()
    await Carrier(lane=LANE, copies=shelf, audit=audit).carry(PLANNED, {})
    for copied, (original, redrive) in zip(shelf.copied, PLANNED, strict=True):
        topic, partition, key, value, headers = copied
        assert (topic, partition) == ("chat-messages-persistence-retry", 3)
        assert (key, value) == (original.key, original.value)
        assert read_redriven(headers, GROUP) == (original.headers, redrive)


async def test_the_audit_hears_of_it() -> None:
    """Who, what and how many, on the dead-letter topic as target."""
    audit = InMemoryEventPublisher()
    await Carrier(lane=LANE, copies=Shelf(), audit=audit).carry(PLANNED, {"again": False})
    (action,) = actions(audit)
    assert (action.action, action.actor_id) == ("dlq.redriven", ids.OPERATOR_ID)
    assert action.target_id == ids.topic_id(LANE.dead_letters)
    assert action.new is not None
    assert (action.new["records"], action.new["again"]) == (3, False)
    assert action.new["operator"]


async def test_without_the_audit_nothing_is_done() -> None:
    """An act that cannot be recorded does not happen."""
    shelf, audit = Shelf(), InMemoryEventPublisher(status=PublishStatus.UNKNOWN)
    with pytest.raises(StackError, match="audit"):
        await Carrier(lane=LANE, copies=shelf, audit=audit).carry(PLANNED, {})
    assert shelf.copied == []


async def test_stopping_half_way_is_said_and_recorded() -> None:
    """The operator and the audit hear how far it came."""
    audit = InMemoryEventPublisher()
    with pytest.raises(StackError, match=r"stopped after 2 of 3: broker away"):
        await Carrier(lane=LANE, copies=Shelf(room=2), audit=audit).carry(PLANNED, {})
    first, second = actions(audit)
    assert (first.action, second.action) == ("dlq.redriven", "dlq.redrive_stopped")
    assert second.new is not None
    assert second.new["redriven"] == 2


async def test_a_rate_is_kept() -> None:
    """Three records at fifty a second take two pauses."""
    started = time.monotonic()
    carrier = Carrier(lane=LANE, copies=Shelf(), audit=InMemoryEventPublisher(), rate=50)
    await carrier.carry(PLANNED, {})
    assert time.monotonic() - started >= 0.039
