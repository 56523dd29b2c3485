"""How old the oldest record is that nobody has handled yet, without reading it."""

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from consumers.delivery.ports import Offsets, Partition, Record

LOOKS = 720
"""Looks that are remembered of a partition: an hour of them."""


class Ages:
    """Remembers when the log was how long: a record is at least as old as the first look at it.

    A backlog that was there before the first look is as old as what was handled of it last.
    """

    def __init__(
        self, now: Callable[[], float] = time.monotonic, wall: Callable[[], float] = time.time
    ) -> None:
        self._now = now
        self._wall = wall
        self._looks: dict[Partition, deque[tuple[float, int]]] = {}
        self._backlogs: dict[Partition, float] = {}
        """Partitions that were behind from the start; timestamps in seconds, 0 if unknown."""

    def forget(self) -> None:
        """Begin anew with other partitions."""
        self._looks.clear()
        self._backlogs.clear()

    def handled(self, records: "Sequence[Record]") -> None:
        """Note what was handled."""
        if not self._backlogs:
            return
        for record in records:
            if record.source in self._backlogs:
                self._backlogs[record.source] = record.timestamp / 1000

    def look(self, ends: "Offsets", positions: "Offsets") -> None:
        """Note how long the logs are now."""
        now = self._now()
        for partition, end in ends.items():
            position = positions.get(partition, end)
            looks = self._looks.get(partition)
            if looks is None:
                looks = self._looks[partition] = deque(maxlen=LOOKS)
                if position < end:
                    self._backlogs[partition] = 0.0
            if position >= end:
                self._backlogs.pop(partition, None)
            looks.append((now, end))

    def of(self, topic: str, positions: "Offsets") -> float:
        """Return the seconds since the topic's oldest record came that is not handled."""
        return max(
            (
                self._age(partition, looks, positions.get(partition, 0))
                for partition, looks in self._looks.items()
                if partition.topic == topic
            ),
            default=0.0,
        )

    def _age(self, partition: "Partition", looks: deque[tuple[float, int]], position: int) -> float:
        while looks and looks[0][1] <= position:
            looks.popleft()
        if not looks:
            return 0.0
        age = self._now() - looks[0][0]
        handled = self._backlogs.get(partition)
        return max(age, self._wall() - handled) if handled else age
