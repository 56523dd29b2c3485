"""`parley topics`: what every topic carries, who writes it and who reads it."""

import json
from typing import Any

import typer

from cli.options import Json
from schemas.topics import CATALOGUE, dead_letter_topics, retry_topics


def topics(*, as_json: Json = False) -> None:
    """List the topic catalogue; needs no running stack."""
    rows: list[dict[str, Any]] = [
        {
            "topic": topic.value,
            "events": [event.event_type for event in spec.events],
            "key": spec.key,
            "partitions": spec.partitions,
            "retention": str(spec.retention) if spec.retention else "for ever",
            "compacted": spec.compacted,
            "writers": list(spec.writers),
            "readers": [*spec.readers, *spec.tails],
        }
        for topic, spec in CATALOGUE.items()
    ]
    if as_json:
        beside = {"dead_letters": dead_letter_topics(), "retries": retry_topics()}
        typer.echo(json.dumps({"topics": rows, **beside}, indent=2))
        return
    for row in rows:
        partitions, key, kept = row["partitions"], row["key"], row["retention"]
        typer.secho(f"{row['topic']}", bold=True, nl=False)
        what = "the latest of each kept" if row["compacted"] else "kept"
        typer.echo(f"  {partitions} partitions by {key}, {what} {kept}")
        for heading in ("events", "writers", "readers"):
            typer.echo(f"    {heading:<8} {', '.join(row[heading])}")
    typer.echo(f"and {len(dead_letter_topics())} dead-letter topics (<topic>-<consumer>-dlq)")
    typer.echo(f"and {len(retry_topics())} retry topics (<topic>-<consumer>-retry)")
