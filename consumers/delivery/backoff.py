"""Waiting for a shared part to come back, without missing a stop or a rebalance."""

import asyncio
import random
from dataclasses import dataclass
from datetime import timedelta

from consumers.delivery.errors import AbandonedError


@dataclass(frozen=True)
class Backoff:
    """Exponential pauses with full jitter below a cap.

    The jitter keeps many consumers from coming back at the same instant (AWS Architecture Blog,
    "Exponential Backoff And Jitter"); the lower half is kept so that a pause is never nothing.
    """

    first: timedelta = timedelta(milliseconds=100)
    cap: timedelta = timedelta(seconds=5)

    def delay(self, attempt: int) -> float:
        """Return the seconds to wait after this attempt; the first is 1."""
        # 2**16 is far above the cap; without a bound an outage of days would overflow a float.
        ceiling = min(self.cap, self.first * 2 ** min(attempt - 1, 16)).total_seconds()
        return float(ceiling * random.uniform(0.5, 1.0))  # noqa: S311 - spreads load, guards nothing

    async def wait(self, attempt: int, halt: asyncio.Event) -> None:
        """Pause, or end at once when `halt` is set.

        Raises:
            AbandonedError: `halt` was set.
        """
        try:
            async with asyncio.timeout(self.delay(attempt)):
                await halt.wait()
        except TimeoutError:
            return
        raise AbandonedError
