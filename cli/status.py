"""`parley status`: what runs, where, and how often it had to be restarted."""

import json

import typer
from rich.console import Console

from cli import view
from cli.options import DEFAULT_DATA, Data, Json, running_stack
from infra.embedded.processes import JOBS


def status(data: Data = DEFAULT_DATA, *, as_json: Json = False) -> None:
    """Show the addresses and processes of the running stack."""
    stack = running_stack(data)
    state = stack.state
    if as_json:
        shown = {
            "url": state.url,
            "socket_url": state.socket_url,
            "bootstrap_servers": stack.bootstrap_servers,
            "database_url": stack.database_url(),
            "valkey_url": stack.valkey_url,
            "ready": state.ready,
            "processes": {
                name: {"pid": p.pid, "state": p.state, "restarts": p.restarts}
                for name, p in state.processes.items()
                if name not in JOBS
            },
            "jobs": {name: p.state for name, p in state.processes.items() if name in JOBS},
        }
        typer.echo(json.dumps(shown, indent=2))
        return
    console = Console()
    for name, address in (
        ("url", state.url),
        ("socket", state.socket_url),
        ("kafka", stack.bootstrap_servers),
        ("supervisor", f"pid {state.pid}"),
    ):
        if address:
            console.print(f"{name:<10} {address}", highlight=False, soft_wrap=True)
    console.print(view.table(state))
