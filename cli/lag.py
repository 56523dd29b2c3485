"""`parley lag`: how far each consumer is behind the log."""

import asyncio
import json
from collections import defaultdict
from dataclasses import asdict, dataclass

import typer
from rich.console import Console
from rich.table import Table

from cli.database import stored_positions
from cli.kafka import Positions, committed, log_reader, partitions_of
from cli.options import DEFAULT_DATA, Data, Json, running_stack
from infra.embedded.running import RunningStack
from schemas.topics import CATALOGUE, TAILS, group_of, retry_topics, subscription_of


@dataclass(frozen=True)
class Lag:
    """One group on one topic: records on it, and how many of them are still to be worked."""

    group: str
    topic: str
    records: int
    lag: int


def lag(data: Data = DEFAULT_DATA, *, as_json: Json = False) -> None:
    """Show how many records each group still has before it."""
    rows = asyncio.run(_measure(running_stack(data)))
    if as_json:
        typer.echo(json.dumps([asdict(row) for row in rows], indent=2))
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("group", "topic"):
        table.add_column(heading)
    for heading in ("records", "lag"):
        table.add_column(heading, justify="right")
    for row in rows:
        colour = "green" if row.lag == 0 else "yellow"
        table.add_row(row.group, row.topic, str(row.records), f"[{colour}]{row.lag}")
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
    measured = [
        measure(group, str(topic), spans[str(topic)], positions.get(group, {}))
        for group, read in groups.items()
        for topic in read
    ]
    # A retry topic is worth a line only when something was redriven.
    return [row for row in measured if row.records or row.topic not in retry_topics()]


Spans = dict[int, tuple[int, int]]
"""Partition to its first offset and the one after its last."""


def measure(group: str, topic: str, spans: Spans, positions: Positions) -> Lag:
    """Count what is on the topic and what lies at or after the group's positions."""
    records = behind = 0
    for partition, (begin, end) in spans.items():
        records += end - begin
        behind += end - max(begin, positions.get((topic, partition), begin))
    return Lag(group, topic, records, behind)
