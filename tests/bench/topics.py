"""What the stack says of itself while a load runs: insights on the log, histograms on /metrics."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
from aiokafka import AIOKafkaConsumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from schemas.events.insights import MessageAnalyzed
from schemas.topics import CATALOGUE, Topic


@dataclass(frozen=True)
class Analysis:
    """How long the assistant worked on one message."""

    inference_ms: float


@asynccontextmanager
async def collecting_insights(bootstrap_servers: str) -> AsyncIterator[dict[str, Analysis]]:
    """Collect the analyses made inside the block, by message id."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, enable_auto_commit=False)
    await consumer.start()
    collected: dict[str, Analysis] = {}
    partitions = CATALOGUE[Topic.MESSAGE_INSIGHTS].partitions
    assigned = [TopicPartition(Topic.MESSAGE_INSIGHTS.value, p) for p in range(partitions)]
    consumer.assign(assigned)
    await consumer.seek_to_end(*assigned)
    reading = asyncio.create_task(_collect(consumer, collected))
    try:
        yield collected
        await asyncio.sleep(1)
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        await consumer.stop()


async def _collect(consumer: AIOKafkaConsumer, collected: dict[str, Analysis]) -> None:
    async for record in consumer:
        event = MessageAnalyzed.model_validate_json(record.value, extra="ignore")
        collected[str(event.message_id)] = Analysis(sum(event.timings_ms.values()))


@dataclass(frozen=True)
class Histogram:
    """A histogram's sum and count at one moment."""

    total: float
    count: float

    def mean_ms_since(self, earlier: "Histogram") -> float:
        """Return the mean between two moments, in milliseconds."""
        count = self.count - earlier.count
        return 1_000 * (self.total - earlier.total) / count if count else float("nan")


async def histogram(metrics_url: str, name: str, **labels: str) -> Histogram:
    """Read one histogram's sum and count from a process."""
    read = await samples(metrics_url)
    return Histogram(total(read, f"{name}_sum", **labels), total(read, f"{name}_count", **labels))


async def samples(metrics_url: str) -> list[Sample]:
    """Read everything that a process says of itself."""
    async with httpx2.AsyncClient(timeout=5) as client:
        text = (await client.get(metrics_url)).text
    return [each for family in text_string_to_metric_families(text) for each in family.samples]


def total(read: Iterable[Sample], name: str, **labels: str) -> float:
    """Sum a metric over the labels that are not given."""
    return sum(
        each.value for each in read if each.name == name and labels.items() <= each.labels.items()
    )
