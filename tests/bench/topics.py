"""What the stack says of itself while a load runs: insights on the log, histograms on /metrics."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from schemas import headers
from schemas.events.insights import MessageAnalyzed
from schemas.events.replies import ReplyGenerated
from schemas.topics import CATALOGUE, Topic


@dataclass(frozen=True)
class Analysis:
    """How long the assistant worked on one message."""

    inference_ms: float


@dataclass(frozen=True)
class Answered:
    """One answer on the log."""

    at: float
    """When the broker got it, in seconds since 1970."""
    versions: frozenset[str]
    """Of the models and the knowledge that took part."""
    replica: str


@asynccontextmanager
async def collecting_insights(bootstrap_servers: str) -> AsyncIterator[dict[str, Analysis]]:
    """Collect the analyses made inside the block, by message id."""
    collected: dict[str, Analysis] = {}

    def take(record: ConsumerRecord[bytes, bytes]) -> None:
        event = MessageAnalyzed.model_validate_json(record.value or b"", extra="ignore")
        collected[str(event.message_id)] = Analysis(sum(event.timings_ms.values()))

    async with _reading(bootstrap_servers, Topic.MESSAGE_INSIGHTS, take):
        yield collected


@asynccontextmanager
async def collecting_answers(bootstrap_servers: str) -> AsyncIterator[list[Answered]]:
    """Collect the answers given inside the block, in no order."""
    collected: list[Answered] = []

    def take(record: ConsumerRecord[bytes, bytes]) -> None:
        kinds = dict(record.headers)
        if kinds[headers.TYPE] == ReplyGenerated.event_type.encode():
            reply = ReplyGenerated.model_validate_json(record.value or b"", extra="ignore")
            versions = frozenset(reply.model_version.split("+"))
            replica = kinds[headers.SOURCE].decode()
            collected.append(Answered(record.timestamp / 1_000, versions, replica))

    async with _reading(bootstrap_servers, Topic.CHAT_REPLIES, take):
        yield collected


@asynccontextmanager
async def _reading(
    bootstrap_servers: str, topic: Topic, take: Callable[[ConsumerRecord[bytes, bytes]], None]
) -> AsyncIterator[None]:
    """Take every record that comes onto a topic while the block lasts, and a second longer."""
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers, enable_auto_commit=False)
    await consumer.start()
    assigned = [TopicPartition(topic.value, p) for p in range(CATALOGUE[topic].partitions)]
    consumer.assign(assigned)
    await consumer.seek_to_end(*assigned)
    reading = asyncio.create_task(_read(consumer, take))
    try:
        yield
        await asyncio.sleep(1)
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        await consumer.stop()


async def _read(
    consumer: AIOKafkaConsumer, take: Callable[[ConsumerRecord[bytes, bytes]], None]
) -> None:
    async for record in consumer:
        take(record)


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
