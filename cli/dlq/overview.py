"""`parley dlq list`: which dead letters there are, since when and why."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import typer
from rich.console import Console
from rich.table import Table

from cli.dlq.letters import Attempts, Letter, attempts_at, letters_of
from cli.dlq.words import ago
from cli.kafka import log_reader, partitions_of
from cli.options import DEFAULT_DATA, Data, Json, running_stack
from runtime.clock import wall_clock
from schemas.topics import LANES, Lane, dead_letter_topics, group_of, retry_topics

UNTOLD = "not_buried_by_a_consumer"


@dataclass(frozen=True, kw_only=True)
class Pile:
    """What lies on one dead-letter topic; `open` is what was not redriven since it was buried."""

    topic: str
    group: str
    records: int
    open: int
    oldest: datetime | None
    newest: datetime | None
    reasons: dict[str, int]


def overview(data: Data = DEFAULT_DATA, *, as_json: Json = False) -> None:
    """Show how many dead letters each consumer has, how old they are and why they are there."""
    piles = asyncio.run(_look(running_stack(data).bootstrap_servers))
    if as_json:
        typer.echo(json.dumps([asdict(pile) for pile in piles], indent=2, default=_told))
        return
    lying = [pile for pile in piles if pile.records]
    if lying:
        Console().print(_table(lying, wall_clock()))
    typer.echo(f"{len(piles) - len(lying)} of {len(piles)} dead-letter topics are empty")


async def _look(servers: str) -> list[Pile]:
    places = await partitions_of(servers, [*dead_letter_topics(), *retry_topics()])
    async with log_reader(servers) as reader:
        # Without the bodies: counting must not need memory for all that lies there.
        letters = [
            replace(letter, value=None)
            async for letter in letters_of(reader, dead_letter_topics(), places)
        ]
        lying = {letter.topic for letter in letters}
        lanes = [lane for lane in LANES if lane.dead_letters in lying]
        attempts = await attempts_at(reader, lanes, places)
    return [
        pile(lane, [each for each in letters if each.topic == lane.dead_letters], attempts)
        for lane in LANES
    ]


def pile(lane: Lane, letters: Sequence[Letter], attempts: Attempts) -> Pile:
    """Return the summary of a topic's letters."""
    moments = [letter.buried_at for letter in letters]
    reasons = Counter(each.burial.reason if each.burial else UNTOLD for each in letters)
    return Pile(
        topic=lane.dead_letters,
        group=group_of(lane.consumer),
        records=len(letters),
        open=sum(letter.is_open(attempts) for letter in letters),
        oldest=min(moments, default=None),
        newest=max(moments, default=None),
        reasons=dict(reasons.most_common()),
    )


def _table(piles: Sequence[Pile], now: datetime) -> Table:
    rows = Table(box=None, pad_edge=False)
    for heading in ("topic", "records", "open", "oldest", "newest", "reasons"):
        rows.add_column(heading, justify="right" if heading in {"records", "open"} else "left")
    for each in piles:
        rows.add_row(
            each.topic,
            str(each.records),
            f"[{'yellow' if each.open else 'green'}]{each.open}",
            ago(each.oldest or now, now),
            ago(each.newest or now, now),
            ", ".join(f"{reason} {count}" for reason, count in each.reasons.items()),
        )
    return rows


def _told(moment: datetime) -> str:
    return moment.isoformat()
