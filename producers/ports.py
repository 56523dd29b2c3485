"""What the rest of Parley asks of a publisher."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from schemas.events.envelope import Event
from schemas.topics import Topic


class PublishStatus(StrEnum):
    """What is known of an event after `publish`."""

    ACCEPTED = "accepted"
    """It is on the log, on all in-sync replicas."""
    UNKNOWN = "unknown"
    """The deadline passed; it may or may not be there. Publishing it again is safe."""
    BUSY = "busy"
    """Too much is under way already; nothing was tried."""
    FAILED = "failed"
    """The broker refused it; it is not there."""


@dataclass(frozen=True)
class Published:
    """The outcome; topic, partition and offset are known only when it was accepted."""

    status: PublishStatus
    topic: Topic
    partition: int | None = None
    offset: int | None = None

    @property
    def accepted(self) -> bool:
        """Whether the event is surely on the log."""
        return self.status is PublishStatus.ACCEPTED


class EventPublisher(Protocol):
    """Puts events on the topic that the catalogue names, keyed as it says.

    Ordering: events published one after the other under one key stand in that order.
    Idempotency: a repeat makes a second record with the same event_id; readers drop it.
    Failure: never raises for the broker's sake and never waits longer than its deadline;
    `accepted` is never said before all in-sync replicas have the record.
    """

    async def publish(self, event: Event) -> Published:
        """Put one event on its topic and tell what became of it."""
        ...

    async def publish_all(self, events: Sequence[Event]) -> list[Published]:
        """Put events on their topics in this order; tell of each what became of it.

        One deadline holds for all of them, and together they cost less than one by one.
        """
        ...
