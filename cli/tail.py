"""`parley tail TOPIC`: watch events as they come."""

import asyncio
import contextlib
import difflib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, TypeAlias

import typer
from aiokafka import ConsumerRecord
from rich.console import Console
from rich.text import Text

from cli.kafka import log_reader, partitions_of
from cli.options import DEFAULT_DATA, Data, Json, running_stack
from infra.embedded.errors import StackError
from schemas.topics import CATALOGUE, dead_letter_topics, retry_topics

TopicName = Annotated[str, typer.Argument(metavar="TOPIC", help="As `parley topics` lists them.")]
FromBeginning = Annotated[bool, typer.Option("--from-beginning", help="Start with the oldest.")]
Limit = Annotated[int | None, typer.Option("--limit", "-n", min=1, help="Stop after so many.")]

Record: TypeAlias = ConsumerRecord[bytes | None, bytes | None]


def tail(
    topic: TopicName,
    data: Data = DEFAULT_DATA,
    *,
    from_beginning: FromBeginning = False,
    as_json: Json = False,
    limit: Limit = None,
) -> None:
    """Print the records of a topic as they arrive; Ctrl-C ends it."""
    known(topic)
    console = Console()
    servers = running_stack(data).bootstrap_servers

    def show(record: Record) -> None:
        if as_json:
            typer.echo(json.dumps(as_dict(record), ensure_ascii=False))
        else:
            console.print(_pretty(record), soft_wrap=True)

    follow = _follow(servers, topic, show, from_beginning=from_beginning, limit=limit)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(follow)


def known(topic: str) -> None:
    """Raise StackError, with the topics there are, when this is not one of them."""
    names = [name.value for name in CATALOGUE]
    everything = [*names, *dead_letter_topics(), *retry_topics()]
    if topic in everything:
        return
    near = difflib.get_close_matches(topic, everything, n=1)
    guess = f" (did you mean {near[0]}?)" if near else ""
    message = f"there is no topic {topic!r}{guess}; topics: {', '.join(names)}"
    raise StackError(message)


async def _follow(
    servers: str,
    topic: str,
    show: Callable[[Record], None],
    *,
    from_beginning: bool,
    limit: int | None,
) -> None:
    places = await partitions_of(servers, [topic])
    async with log_reader(servers) as reader:
        reader.assign(places)
        seek = reader.seek_to_beginning if from_beginning else reader.seek_to_end
        await seek(*places)
        shown = 0
        async for record in reader:
            show(record)
            shown += 1
            if shown == limit:
                return


def as_dict(record: Record) -> dict[str, Any]:
    """Return a record for programs; bytes that are not text or JSON are shown escaped."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "key": as_text(record.key),
        "headers": {name: as_text(value) for name, value in record.headers},
        "value": as_value(record.value),
    }


def _pretty(record: Record) -> Text:
    shown = as_dict(record)
    moment = datetime.fromtimestamp(record.timestamp / 1000, tz=UTC)
    kind = str(shown["headers"].get("ce_type", "unknown type"))
    return Text.assemble(
        (f"{moment:%H:%M:%S.%f}"[:-3], "dim"),
        (f" {record.partition}:{record.offset:<6}", "cyan"),
        (f" {kind} ", "bold green"),
        (f"{shown['key']}\n", "dim"),
        ("  " + json.dumps(shown["value"], ensure_ascii=False)),
    )


def as_text(raw: bytes | None) -> str | None:
    """Return bytes as text, escaped where they are none."""
    return None if raw is None else raw.decode("utf-8", errors="backslashreplace")


def as_value(raw: bytes | None) -> Any:  # noqa: ANN401 - whatever the JSON holds
    """Return what the JSON holds, or the text when it is none."""
    try:
        return None if raw is None else json.loads(raw)
    except ValueError:
        return as_text(raw)
