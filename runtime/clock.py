"""Time: a hybrid logical clock, so that an answer always sorts after its question.

The algorithm is Kulkarni et al., "Logical Physical Clocks and Consistent Snapshots in Globally
Distributed Databases" (2014), with the logical part kept in the microseconds.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

MAX_DRIFT = timedelta(seconds=60)
_MICROSECOND = timedelta(microseconds=1)


def wall_clock() -> datetime:
    """Return the machine's time in UTC."""
    return datetime.fromtimestamp(time.time_ns() // 1_000 / 1_000_000, tz=UTC)


class HybridLogicalClock:
    """Stamps that never go back, and never lie before anything this process has read.

    Stamps run ahead of the wall clock by `max_drift` at most, however wrong a peer's clock is.
    """

    def __init__(
        self, now: Callable[[], datetime] = wall_clock, max_drift: timedelta = MAX_DRIFT
    ) -> None:
        self._now = now
        self._max_drift = max_drift
        self._last = datetime.min.replace(tzinfo=UTC)

    def stamp(self) -> datetime:
        """Return a time later than every earlier stamp and every observed one, in UTC."""
        self._last = max(self._now(), self._last + _MICROSECOND)
        return self._last

    def observe(self, seen: datetime) -> None:
        """Take note of a time read from an event."""
        if seen > self._last:
            self._last = max(self._last, min(seen, self._now() + self._max_drift))
