"""Which keys wait for another try of their oldest record, and everything that waits behind it.

Nothing here is the only copy: each parked record stands on the consumer's retry topic, whose
position does not pass it, so that the next owner of the partition finds it there.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from consumers.delivery.ports import Delivered, Offsets, Partition, Record
from consumers.delivery.settings import RetrySettings
from producers.dead_letters import read_parked
from schemas.topics import LANES, group_of


class Place(NamedTuple):
    """One key on one partition of a retry topic."""

    partition: Partition
    key: bytes | None


@dataclass(slots=True)
class Waiting:
    """A parked record; `due` is in the parking's own seconds."""

    delivered: Delivered
    place: Place
    attempt: int
    """How often it has failed."""
    due: float

    @property
    def offset(self) -> int:
        return self.delivered.record.offset


@dataclass
class Parking:
    """The parked keys of the partitions that this member owns.

    Ordering: the records of one key come out in the order in which they stand on the retry topic,
    one at a time; keys do not wait for each other.
    """

    settings: RetrySettings = field(default_factory=RetrySettings)
    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    _queues: dict[Place, deque[Waiting]] = field(default_factory=dict)
    _written: dict[Place, int] = field(default_factory=dict)
    """The newest offset that was written of a key and not yet read back."""
    _read: dict[Partition, int] = field(default_factory=dict)
    _parked: int = 0

    @property
    def busy(self) -> bool:
        """Whether any key is parked."""
        return bool(self._queues or self._written)

    @property
    def full(self) -> bool:
        """Whether nothing new may be read until some of it is done."""
        return self._parked >= self.settings.total

    @property
    def keys(self) -> int:
        """How many keys are parked."""
        return len(self._queues.keys() | self._written.keys())

    def clear(self) -> None:
        """Forget everything: the partitions are given out anew."""
        self._queues.clear()
        self._written.clear()
        self._read.clear()
        self._parked = 0

    def holds(self, place: Place) -> bool:
        """Whether records of this key have to wait behind others."""
        return place in self._queues or place in self._written

    def wrote(self, place: Place, offset: int) -> None:
        """Note that a record of this key was put on the retry topic."""
        self._written[place] = max(offset, self._written.get(place, -1))

    def read(self, record: Record) -> None:
        """Note that a record of a retry topic was read back."""
        self._read[record.source] = max(record.offset + 1, self._read.get(record.source, 0))

    def is_due(self, record: Record) -> bool:
        """Whether this record of a retry topic may be tried at once."""
        return self._due(record)[1] <= self.now()

    def take(self, delivered: Delivered, place: Place) -> None:
        """Park a record of a retry topic until it is due, behind those of its key."""
        attempt, due = self._due(delivered.record)
        self._enqueue(Waiting(delivered, place, attempt, due))

    def take_failed(self, delivered: Delivered, place: Place) -> None:
        """Park a record of a retry topic that has just failed."""
        attempt = self._due(delivered.record)[0] + 1
        self._enqueue(Waiting(delivered, place, attempt, self.now() + self.delay(attempt)))

    def next_due(self) -> Waiting | None:
        """Return a record to try now, if there is one."""
        now = self.now()
        for queue in self._queues.values():
            if queue[0].due <= now or self._crowded(queue):
                return queue[0]
        return None

    def spent(self, waiting: Waiting) -> bool:
        """Whether a record that has failed once more is not to be tried again."""
        crowded = self._crowded(self._queues[waiting.place])
        return crowded or waiting.attempt >= self.settings.attempts

    def again(self, waiting: Waiting) -> None:
        """Let a record that has failed once more wait for its next try."""
        waiting.attempt += 1
        waiting.due = self.now() + self.delay(waiting.attempt)

    def done(self, waiting: Waiting) -> None:
        """Let go of the oldest record of its key: it was worked or dead-lettered."""
        queue = self._queues[waiting.place]
        queue.popleft()
        self._parked -= 1
        if not queue:
            del self._queues[waiting.place]

    def position(self, partition: Partition, *, without: Waiting | None = None) -> int:
        """Return the offset up to which everything of a retry topic's partition is done."""
        waiting = [
            queue[0] if queue[0] is not without else queue[1]
            for place, queue in self._queues.items()
            if place.partition == partition and (queue[0] is not without or len(queue) > 1)
        ]
        return min((each.offset for each in waiting), default=self._read.get(partition, 0))

    def capped(self, upto: Offsets) -> Offsets:
        """Return these positions, held back where something is parked."""
        parked = {place.partition for place in self._queues}
        if parked.isdisjoint(upto):
            return upto
        return {
            each: min(offset, self.position(each)) if each in parked else offset
            for each, offset in upto.items()
        }

    def delay(self, attempt: int) -> float:
        """Return the seconds to wait after so many failures."""
        pause = self.settings.first * 2 ** min(attempt - 1, 16)
        return float(min(pause, self.settings.longest).total_seconds())

    def _enqueue(self, waiting: Waiting) -> None:
        self._queues.setdefault(waiting.place, deque()).append(waiting)
        self._parked += 1
        if self._written.get(waiting.place, waiting.offset + 1) <= waiting.offset:
            del self._written[waiting.place]

    def _crowded(self, queue: deque[Waiting]) -> bool:
        return len(queue) > self.settings.per_key

    def _due(self, record: Record) -> tuple[int, float]:
        if (read := read_parked(record.headers)) is None:
            # The desk put it there: as soon as its turn comes.
            return 0, self.now()
        _, why = read
        # However wrong a clock is: no pause is longer than the longest.
        left = min(why.due / 1000 - self.wall(), self.settings.longest.total_seconds())
        return why.attempt, self.now() + max(0.0, left)


class Lanes:
    """Tells a consumer's topics from its retry topics, and a record's place on those."""

    def __init__(self, consumer: str) -> None:
        self.group = group_of(consumer)
        self._retries: Mapping[str, str] = {
            lane.topic: lane.retries for lane in LANES if lane.consumer == consumer
        }
        self._topics = {retries: topic for topic, retries in self._retries.items()}

    def is_retry(self, record: Record) -> bool:
        """Whether it stands on a retry topic."""
        return record.topic in self._topics

    def place(self, record: Record) -> Place:
        """Return where records of this one's key wait, whichever of the two it stands on."""
        topic = self._retries.get(record.topic, record.topic)
        return Place(Partition(topic, record.partition), record.key)

    def sources(self, partitions: "set[Partition]") -> Mapping[Partition, Partition]:
        """Return those of the partitions that are of retry topics, each with its topic's."""
        return {
            each: Partition(self._topics[each.topic], each.partition)
            for each in partitions
            if each.topic in self._topics
        }
