"""Watches whether memory grows: a load that runs for ever must not."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from tests.bench.stack import MeasuredStack

SAMPLE_SECONDS = 10.0
MIB = 1024 * 1024


@dataclass
class MemoryWatch:
    """Resident bytes of each process over time."""

    samples: list[tuple[float, Mapping[str, int]]] = field(default_factory=list)
    """Seconds and bytes by process."""

    def slopes(self) -> dict[str, float]:
        """Return each process's growth in MiB per minute, over the second half of the watch.

        The first half fills what is meant to be full: the edge's ring, Java's heap, caches.
        """
        late = self.samples[len(self.samples) // 2 :]
        names = late[-1][1] if late else {}
        return {
            name: 60 / MIB * slope([(at, float(sizes[name])) for at, sizes in late])
            for name in names
        }


def slope(points: list[tuple[float, float]]) -> float:
    """Return the slope of the least-squares line; 0 when there is none."""
    count = len(points)
    if not count:
        return 0.0
    mean_x = sum(x for x, _ in points) / count
    mean_y = sum(y for _, y in points) / count
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


@asynccontextmanager
async def watching_memory(stack: MeasuredStack) -> AsyncIterator[MemoryWatch]:
    """Sample while the block runs."""
    watch = MemoryWatch()
    sampling = asyncio.create_task(_sample(stack, watch))
    try:
        yield watch
    finally:
        sampling.cancel()
        await asyncio.wait([sampling])


async def _sample(stack: MeasuredStack, watch: MemoryWatch) -> None:
    while True:
        # In a thread: reading PostgreSQL's shared pages takes longer than an accept may.
        sizes = await asyncio.to_thread(stack.resident_bytes)
        watch.samples.append((time.monotonic(), sizes))
        await asyncio.sleep(SAMPLE_SECONDS)
