"""`parley dlq show TOPIC`: single dead letters, without what people wrote unless asked for."""

import asyncio
import json
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from cli.dlq.letters import Attempts, DeadLetterTopic, Letter, attempts_at, lane_of, letters_of
from cli.dlq.words import ago
from cli.kafka import log_reader, partitions_of
from cli.options import DEFAULT_DATA, Data, Json, running_stack
from cli.tail import as_text, as_value
from infra.embedded.errors import StackError
from runtime.clock import wall_clock
from schemas.topics import Lane

Limit = Annotated[int, typer.Option("--limit", "-n", min=1, help="Show the newest so many.")]
Partition = Annotated[int | None, typer.Option("--partition", min=0, help="This partition only.")]
Offset = Annotated[int | None, typer.Option("--offset", min=0, help="The record at this offset.")]
Body = Annotated[
    bool, typer.Option("--body", help="Also the body: it may hold what people wrote to each other.")
]


def show(
    topic: DeadLetterTopic,
    data: Data = DEFAULT_DATA,
    *,
    limit: Limit = 20,
    partition: Partition = None,
    offset: Offset = None,
    body: Body = False,
    as_json: Json = False,
) -> None:
    """Show dead letters: where each came from, why it is here and what its headers say."""
    lane = lane_of(topic)
    letters, attempts = asyncio.run(_read(running_stack(data).bootstrap_servers, lane))
    chosen = [
        letter
        for letter in letters
        if partition in {None, letter.partition} and offset in {None, letter.offset}
    ]
    if not chosen and (partition, offset) != (None, None):
        message = f"{topic} holds no such record; it has {len(letters)}"
        raise StackError(message)
    now = wall_clock()
    told = [as_dict(letter, attempts, now, body=body) for letter in chosen[-limit:]]
    if as_json:
        typer.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    console = Console()
    for each in told:
        console.print(_pretty(each), soft_wrap=True)
    typer.echo(f"{len(told)} of {len(letters)} on {topic}")


async def _read(servers: str, lane: Lane) -> tuple[list[Letter], Attempts]:
    places = await partitions_of(servers, [lane.dead_letters, lane.retries])
    async with log_reader(servers) as reader:
        buried = letters_of(reader, [lane.dead_letters], places)
        letters = [letter async for letter in buried]
        attempts = await attempts_at(reader, [lane], places)
    return sorted(letters, key=lambda letter: letter.timestamp), attempts


def as_dict(letter: Letter, attempts: Attempts, now: datetime, *, body: bool) -> dict[str, Any]:
    """Return a dead letter for programs; bytes that are not text are shown escaped."""
    told: dict[str, Any] = {
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "buried_at": letter.buried_at.isoformat(),
        "age": ago(letter.buried_at, now),
        "open": letter.is_open(attempts),
        "burial": None,
        "key": as_text(letter.key),
        # A list, because a name may come twice.
        "headers": [[name, as_text(value)] for name, value in letter.headers],
        "bytes": None if letter.value is None else len(letter.value),
    }
    if letter.burial is not None:
        origin = letter.burial.origin
        told["burial"] = {
            "group": letter.burial.group,
            "reason": letter.burial.reason,
            "detail": letter.burial.detail,
            "from": {
                "topic": origin.topic,
                "partition": origin.partition,
                "offset": origin.offset,
                "timestamp": origin.timestamp,
            },
            "attempt": letter.burial.attempt,
            "attempts": attempts.get(origin, 0),
        }
    if body:
        told["body"] = as_value(letter.value)
    return told


def _pretty(told: dict[str, Any]) -> Text:
    lines = Text()
    lines.append(f"{told['partition']}:{told['offset']}", "cyan")
    lines.append(f"  {told['age']} ago  ", "dim")
    if (burial := told["burial"]) is None:
        lines.append("not buried by a consumer\n", "bold red")
    else:
        lines.append(f"{burial['reason']} ", "bold red")
        lines.append(f"{burial['detail']}\n")
        place = burial["from"]
        lines.append(f"    from {place['topic']} {place['partition']}:{place['offset']}")
        lines.append(f", group {burial['group']}, {_history(told, burial)}\n")
    lines.append(f"    key {told['key']}, body {told['bytes']} bytes\n")
    for name, value in told["headers"]:
        lines.append(f"    {name}: {value}\n", "dim")
    if "body" in told:
        lines.append(f"    {json.dumps(told['body'], ensure_ascii=False)}\n")
    return lines


def _history(told: dict[str, Any], burial: dict[str, Any]) -> str:
    if not burial["attempts"]:
        return "never redriven"
    ended = "open again" if told["open"] else "not come back since"
    return f"redriven {burial['attempts']}x, {ended}"
