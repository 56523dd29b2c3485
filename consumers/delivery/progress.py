"""Whether the consumer moves: alive is not that a process is up, but that its lag is worked."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError

from consumers.delivery.ages import Ages
from runtime import metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from consumers.delivery.ports import Offsets, Partition, Record
    from consumers.delivery.source import Source

LOOK_EVERY_SECONDS = 5.0


class Progress:
    """Knows the positions, the lag behind the log's end, and when something last moved."""

    def __init__(
        self, group: str, stalled_after: timedelta, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._group = group
        self._stalled_after = stalled_after.total_seconds()
        self._now = now
        self._moved_at = now()
        self._positions: dict[Partition, int] = {}
        self._ends: Offsets = {}
        self._away = False
        self._unassigned_at: float | None = now()
        self._ages = Ages(now)
        self._waiting = 0
        self._topics: set[str] = set()

    def moved(self, offsets: "Offsets") -> None:
        """Take note of work done."""
        self._positions.update(offsets)
        self._moved_at = self._now()

    def handled(self, records: "Sequence[Record]") -> None:
        """Take note of how long these were under way."""
        self._ages.handled(records)

    def assigned(self) -> None:
        """Take note that the group has given partitions, or none, knowingly."""
        self._unassigned_at = None

    def revoked(self) -> None:
        """Take note that the group has taken its partitions away, to give others soon."""
        if self._unassigned_at is None:
            self._unassigned_at = self._now()

    def placed(self, positions: "Offsets") -> None:
        """Take note of a new assignment and where it starts."""
        self._positions = dict(positions)
        self._ends = {}
        self._ages.forget()
        self._moved_at = self._now()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Mark that standing still is on purpose: a shared part is away."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1
            self._moved_at = self._now()
            if self._unassigned_at is not None:
                self._unassigned_at = self._moved_at

    @property
    def lag(self) -> int:
        """Records that stand on the log and are not worked yet, as of the last look."""
        return sum(self._lags().values())

    def alive(self) -> bool:
        """Whether it works, or has a good reason not to."""
        if self._waiting or self._away:
            return True
        since = self._unassigned_at
        if since is None:
            if self.lag == 0:
                return True
            since = self._moved_at
        return self._now() - since < self._stalled_after

    async def watch(self, source: "Source") -> None:
        """Look at the ends of the log from time to time, until cancelled."""
        while True:
            await self.look(source)
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def look(self, source: "Source") -> None:
        """Compare the positions with the ends of the log; an unreachable broker is no stall."""
        try:
            async with asyncio.timeout(LOOK_EVERY_SECONDS):
                ends = await source.ends(list(self._positions))
        except (TimeoutError, KafkaError):
            self._away = True
            return
        if self.lag == 0:
            # The stall is counted from when there was something to do.
            self._moved_at = self._now()
        self._away = False
        self._ends = ends
        self._ages.look(ends, self._positions)
        self._export()

    def _export(self) -> None:
        lags = self._lags()
        self._topics |= set(lags)
        for topic in self._topics:
            metrics.consume_lag.labels(self._group, topic).set(lags[topic])
            age = self._ages.of(topic, self._positions)
            metrics.consume_lag_seconds.labels(self._group, topic).set(age)

    def _lags(self) -> Counter[str]:
        lags: Counter[str] = Counter()
        for partition, end in self._ends.items():
            if partition in self._positions:
                lags[partition.topic] += max(0, end - self._positions[partition])
        return lags
