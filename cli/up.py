"""`parley up`: start the whole stack, show it coming up, and end with one URL."""

import asyncio
import time
from typing import Annotated

import typer
from rich.console import Console

from cli import demo
from cli.detached import start_detached
from cli.foreground import run_in_foreground
from cli.options import DEFAULT_DATA, Data
from infra.embedded.errors import StackError, StackRunningError
from infra.embedded.folder import DataFolder
from infra.embedded.stack import Options

CLUSTER_SIZES = (1, 3)
Brokers = Annotated[
    int | None,
    typer.Option("--brokers", help="Kafka brokers of a new folder: 1, or 3 for fault work."),
]
Port = Annotated[
    int | None,
    typer.Option("--port", min=1, max=65535, help="Port of the web side; 8000 if it is free."),
]
Detach = Annotated[bool, typer.Option("--detach", "-d", help="Return when ready; keep running.")]


def up(
    data: Data = DEFAULT_DATA,
    *,
    detach: Detach = False,
    brokers: Brokers = None,
    port: Port = None,
) -> None:
    """Start everything: Kafka, PostgreSQL, Valkey and Parley's processes."""
    if brokers is not None and brokers not in CLUSTER_SIZES:
        message = f"--brokers is 1 or 3, not {brokers}"
        raise StackError(message)
    options = Options(brokers=brokers, ports={"gateway": port} if port else {})
    console = Console()
    begun = time.monotonic()

    def welcome(url: str) -> None:
        console.print(f"\nready in {time.monotonic() - begun:.1f} s", highlight=False)
        _say_where(console, url)
        if not detach:
            console.print("Ctrl-C stops everything; the data stay.", highlight=False)

    folder = DataFolder.at(data)
    try:
        if detach:
            welcome(start_detached(folder, options, console))
        else:
            asyncio.run(run_in_foreground(folder, options, console, welcome))
    except StackRunningError as running:
        console.print(str(running), highlight=False, soft_wrap=True)


def _say_where(console: Console, url: str) -> None:
    made = demo.ensure_demo_account(url)
    console.print(f"Parley runs at {url}", highlight=False, soft_wrap=True)
    account = f"{demo.EMAIL} / {demo.PASSWORD}" if made else "could not be made; please register"
    console.print(f"demo account: {account}", highlight=False, soft_wrap=True)
