"""The publisher's twin in memory: for tests, and for programs that embed a part of Parley."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from producers.ports import Published, PublishStatus
from producers.records import Record, partition_of, to_record
from schemas.events.envelope import Event
from schemas.topics import Topic


@dataclass
class InMemoryEventPublisher:
    """Keeps what was published, per topic and partition, as the broker would."""

    source: bytes = b"/memory"
    status: PublishStatus = PublishStatus.ACCEPTED
    """What to answer; anything but accepted keeps nothing."""
    events: list[Event] = field(default_factory=list)
    logs: dict[tuple[Topic, int], list[Record]] = field(default_factory=dict)

    async def publish(self, event: Event) -> Published:
        """Keep the event as a record of its partition."""
        record = to_record(event, self.source)
        if self.status is not PublishStatus.ACCEPTED:
            return Published(self.status, record.topic)
        partition = record.partition
        if partition is None:
            partition = partition_of(record.topic, record.key)
        log = self.logs.setdefault((record.topic, partition), [])
        log.append(record)
        self.events.append(event)
        return Published(PublishStatus.ACCEPTED, record.topic, partition, len(log) - 1)

    async def publish_all(self, events: Sequence[Event]) -> list[Published]:
        """Keep every event, in this order."""
        return [await self.publish(event) for event in events]
