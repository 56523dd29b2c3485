"""Lets requests leave at once while there are few, and together while there are many."""

import asyncio
import math

FREE_PER_SECOND = 150.0
"""Up to this rate nobody waits."""
FULL_PER_SECOND = 300.0
"""From this rate on requests are `LONGEST_SECONDS` apart."""
LONGEST_SECONDS = 0.010
_MEMORY_SECONDS = 0.5


class Pace:
    """
    The shortest time between two requests to the broker, which grows with what they carry.

    A request costs both sides the same whatever is in it. With a hundred messages a second nobody
    notices; with three hundred, one request each, it is a fifth of all work (ADR 0030), and what
    is saved by sending three in one is worth their wait of some milliseconds.
    """

    def __init__(self) -> None:
        self._left = -math.inf
        self._gate: asyncio.Event | None = None
        self._waiting = 0
        """Who waits, and who was let go and has not gone on yet: nobody may overtake them."""
        self._carried = 0.0
        """Decaying: `_MEMORY_SECONDS` times the rate, if the rate is steady."""
        self._counted = 0.0

    def carried(self, count: int) -> None:
        """Take note of how much there was to carry."""
        now = asyncio.get_running_loop().time()
        self._carried = self._still(now) + count
        self._counted = now

    async def turn(self) -> None:
        """Return when the next request may leave; all that wait go on together, in their order."""
        loop = asyncio.get_running_loop()
        if self._gate is None:
            now = loop.time()
            due = self._left + self._apart(now)
            if now >= due and not self._waiting:
                self._left = now
                return
            self._gate = asyncio.Event()
            loop.call_at(due, self._open, self._gate)
        self._waiting += 1
        try:
            await self._gate.wait()
        finally:
            self._waiting -= 1

    def _open(self, gate: asyncio.Event) -> None:
        self._gate = None
        self._left = asyncio.get_running_loop().time()
        gate.set()

    def _still(self, now: float) -> float:
        return self._carried * math.exp((self._counted - now) / _MEMORY_SECONDS)

    def _apart(self, now: float) -> float:
        rate = self._still(now) / _MEMORY_SECONDS
        share = (rate - FREE_PER_SECOND) / (FULL_PER_SECOND - FREE_PER_SECOND)
        return LONGEST_SECONDS * min(1.0, max(0.0, share))
