"""`parley verify`: whether the tables hold exactly what the log holds."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from cli.options import DEFAULT_DATA, Data, Json, running_stack
from cli.reconciliation.compare import Place, reconcile
from cli.reconciliation.verdict import PartitionVerdict, Verdict
from infra.embedded.errors import StackError

FINDINGS = ("missing", "unexpected", "duplicate", "different")
COUNTED = ("records", "events", "rows", "changes", "standing", "repeats", "excused", *FINDINGS)
SHOWN_CHAIN = 8
Servers = Annotated[
    str | None,
    typer.Option("--bootstrap-servers", help="A cluster that is not `parley up`'s."),
]
Database = Annotated[
    str | None,
    typer.Option("--database-url", help="Its database, as the owner; goes with the cluster."),
]


def verify(
    data: Data = DEFAULT_DATA,
    *,
    as_json: Json = False,
    bootstrap_servers: Servers = None,
    database_url: Database = None,
) -> None:
    """Compare log and tables, event by event; works while everything runs.

    Ends with status 1 when an event has no row, a row has no event, a message or an answer to one
    question has two rows, or something that was changed is not as the last change of it says. The
    chain is a digest of the log alone, of the events that owe a row, in their order: a copy or a
    restored log has the same up to the same offset.
    """
    where = _place(data, bootstrap_servers, database_url)
    verdict = asyncio.run(_with_progress(where))
    if as_json:
        typer.echo(json.dumps(as_dict(verdict), indent=2))
    else:
        _print(verdict, Console())
    if not verdict.kept:
        raise typer.Exit(1)


def _place(data: Path, servers: str | None, url: str | None) -> Place:
    if servers is None and url is None:
        stack = running_stack(data)
        return Place(stack.bootstrap_servers, stack.database_url())
    if servers is None or url is None:
        message = "--bootstrap-servers and --database-url go together"
        raise StackError(message)
    return Place(servers, url)


async def _with_progress(where: Place) -> Verdict:
    # On the error stream and gone when done: what is printed stays a table, or JSON.
    console = Console(stderr=True)
    columns = (TextColumn("reading the log"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        reading = progress.add_task("", total=None)

        def advance(read: int, total: int) -> None:
            progress.update(reading, completed=read, total=total)

        return await reconcile(where, advance)


def as_dict(verdict: Verdict) -> dict[str, Any]:
    """Return the verdict for programs."""
    return {
        "ok": verdict.kept,
        **{finding: getattr(verdict, finding) for finding in FINDINGS},
        "partitions": [
            {
                "topic": each.topic,
                "partition": each.partition,
                "upto": each.upto,
                **{name: getattr(each, name) for name in COUNTED},
                "log_chain": each.log_chain.text,
            }
            for each in verdict.partitions
        ],
    }


def _print(verdict: Verdict, console: Console) -> None:
    for topic, partitions in verdict.topics().items():
        table = Table(title=topic, title_justify="left", box=None, pad_edge=False)
        for heading in ("", *COUNTED):
            table.add_column(heading, justify="right")
        table.add_column("chain")
        for each in partitions:
            if each.records or not each.kept:
                table.add_row(*_cells(each))
        console.print(table)
    for finding in FINDINGS:
        for name in getattr(verdict, finding):
            console.print(f"{finding}: {name}", highlight=False, style="red")
    counted = ("events", "standing")
    events, standing = (sum(getattr(p, name) for p in verdict.partitions) for name in counted)
    word = "ok" if verdict.kept else "not ok"
    sums = [f"{sum(getattr(p, each) for p in verdict.partitions)} {each}" for each in FINDINGS]
    typer.echo(f"{word}: {', '.join([f'{events} events', f'{standing} changed things', *sums])}")


def _cells(each: PartitionVerdict) -> list[str]:
    shown = f"[{'green' if each.kept else 'red'}]{each.log_chain.text[:SHOWN_CHAIN]}"
    return [str(each.partition), *(str(getattr(each, name)) for name in COUNTED), shown]
