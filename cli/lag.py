"""`parley lag`: how far each consumer is behind the log."""

import asyncio
import json
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

import typer
from aiokafka import AIOKafkaConsumer, TopicPartition
from rich.console import Console
from rich.table import Table

from cli.database import stored_positions
from cli.kafka import Positions, committed, log_reader, partitions_of
from cli.options import DEFAULT_DATA, Data, Json, running_stack
from infra.embedded.running import RunningStack
from schemas.topics import CATALOGUE, TAILS, group_of, retry_topics, subscription_of

POLL_MS = 500
LOOK_SECONDS = 5.0


@dataclass(frozen=True)
class Lag:
    """One group on one topic: records on it, and how many of them are still to be worked."""

    group: str
    topic: str
    records: int
    lag: int
    seconds: float = 0.0
    """The age of the oldest of those that are still to be worked."""


def lag(data: Data = DEFAULT_DATA, *, as_json: Json = False) -> None:
    """Show how many records each group still has before it, and how old the oldest is."""
    rows = asyncio.run(_measure(running_stack(data)))
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("group", "topic"):
        table.add_column(heading)
    for heading in ("records", "lag", "seconds"):
        table.add_column(heading, justify="right")
    for row in rows:
        colour = "green" if row.lag == 0 else "yellow"
        seconds = f"{row.seconds:.1f}" if row.lag else "-"
        table.add_row(row.group, row.topic, str(row.records), f"[{colour}]{row.lag}", seconds)
    Console().print(table)


def consumers() -> list[str]:
    """Return every process that reads in a group, in the catalogue's order."""
    readers = [reader for spec in CATALOGUE.values() for reader in spec.readers]
    return [reader for reader in dict.fromkeys(readers) if reader not in TAILS]


async def _measure(stack: RunningStack) -> list[Lag]:
    groups = {group_of(consumer): subscription_of(consumer) for consumer in consumers()}
    positions = await committed(stack.bootstrap_servers, list(groups))
    # Where a group keeps its positions with its rows, Kafka's copy is a hint only.
    positions |= await stored_positions(stack.database_url())
    topics = [*(topic.value for topic in CATALOGUE), *retry_topics()]
    places = await partitions_of(stack.bootstrap_servers, topics)
    async with log_reader(stack.bootstrap_servers) as reader:
        ends = await reader.end_offsets(places)
        begins = await reader.beginning_offsets(places)
        spans: dict[str, Spans] = defaultdict(dict)
        for place in places:
            spans[place.topic][place.partition] = (begins[place], ends[place])
        measured = []
        for group, read in groups.items():
            known = positions.get(group, {})
            for topic in read:
                row = measure(group, str(topic), spans[str(topic)], known)
                age = await oldest(reader, next_of(str(topic), spans[str(topic)], known))
                measured.append(replace(row, seconds=age))
    # A retry topic is worth a line only when something was redriven.
    return [row for row in measured if row.records or row.topic not in retry_topics()]


async def oldest(reader: AIOKafkaConsumer, starts: dict[TopicPartition, int]) -> float:
    """Return the age in seconds of the oldest record that stands first behind these offsets."""
    if not starts:
        return 0.0
    reader.assign(list(starts))
    for place, offset in starts.items():
        reader.seek(place, offset)
    left, stamps = set(starts), []
    with suppress(TimeoutError):
        async with asyncio.timeout(LOOK_SECONDS):
            while left:
                polled = await reader.getmany(*left, timeout_ms=POLL_MS, max_records=1)
                for place, records in polled.items():
                    stamps.append(records[0].timestamp / 1000)
                    left.discard(place)
    return max(0.0, time.time() - min(stamps)) if stamps else 0.0


Spans = dict[int, tuple[int, int]]
"""Partition to its first offset and the one after its last."""


def measure(group: str, topic: str, spans: Spans, positions: Positions) -> Lag:
    """Count what is on the topic and what lies at or after the group's positions."""
    records = behind = 0
    for partition, (begin, end) in spans.items():
        records += end - begin
        behind += end - max(begin, positions.get((topic, partition), begin))
    return Lag(group, topic, records, behind)


def next_of(topic: str, spans: Spans, positions: Positions) -> dict[TopicPartition, int]:
    """Return where the oldest record that is still to be worked stands, per partition."""
    starts = {
        number: max(begin, positions.get((topic, number), begin))
        for number, (begin, _) in spans.items()
    }
    return {
        TopicPartition(topic, number): start
        for number, start in starts.items()
        if start < spans[number][1]
    }
