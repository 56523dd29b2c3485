"""Time: the machine's, put right by the broker's, and a hybrid logical clock on top of it.

An answer always sorts after its question, and one wrong clock is one machine's affair (ADR 0017).
The hybrid clock is Kulkarni et al., "Logical Physical Clocks and Consistent Snapshots in Globally
Distributed Databases" (2014), with the logical part kept in the microseconds.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog

from runtime import metrics

MAX_DRIFT = timedelta(seconds=60)
TOLERANCE_SECONDS = 2.0
"""Clocks that are kept by NTP are nearer than this, and are left alone."""
_MICROSECOND = timedelta(microseconds=1)

logger = structlog.get_logger(__name__)


class ServerTime:
    """The machine's clock plus what the broker's is ahead of it, when that is worth mending."""

    def __init__(self, local: Callable[[], float] = time.time) -> None:
        self.local = local
        """The machine's own clock, in seconds since 1970."""
        self.offset = 0.0
        """Seconds that are added to it."""

    def now(self) -> float:
        """Return the time in seconds since 1970."""
        return self.local() + self.offset

    def learn(self, asked: float, broker: float, answered: float) -> None:
        """Take in that the broker's clock showed this between two readings of the local one.

        A slow answer says little: only what surely contradicts the present offset changes it.
        """
        least = broker - answered - TOLERANCE_SECONDS
        most = broker - asked + TOLERANCE_SECONDS
        if least <= self.offset <= most:
            return
        honest = least <= 0.0 <= most
        self.offset = 0.0 if honest else broker - (asked + answered) / 2
        metrics.clock_offset.set(self.offset)
        logger.warning("clock_corrected", offset_seconds=round(self.offset, 3))


SERVER_TIME = ServerTime()
"""This process's; a process has one clock, as it has one `time.time`."""


def server_seconds() -> float:
    """Return the time in seconds since 1970, by a clock that agrees with the broker's."""
    return SERVER_TIME.now()


def wall_clock() -> datetime:
    """Return the time in UTC, by a clock that agrees with the broker's."""
    return datetime.fromtimestamp(int(SERVER_TIME.now() * 1_000_000) / 1_000_000, tz=UTC)


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
