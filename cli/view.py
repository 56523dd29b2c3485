"""How a stack looks on a screen: a table that follows, or plain lines where there is no screen."""

from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from infra.embedded.spec import State
from infra.embedded.state import StackState

COLOURS = {
    State.WAITING: "dim",
    State.STARTING: "yellow",
    State.READY: "green",
    State.DONE: "green",
    State.RESTARTING: "red",
    State.STOPPING: "yellow",
    State.STOPPED: "dim",
    State.FAILED: "bold red",
}


def table(state: StackState | None) -> Table:
    """Return one row per process: what it does now and how often it was restarted."""
    rows = Table(box=None, pad_edge=False)
    for heading in ("process", "state", "pid", "restarts", ""):
        rows.add_column(heading, justify="right" if heading in {"pid", "restarts"} else "left")
    for name, process in (state.processes if state else {}).items():
        rows.add_row(
            name,
            f"[{COLOURS[process.state]}]{process.state}",
            str(process.pid or ""),
            str(process.restarts or ""),
            process.note,
        )
    return rows


def line_writer(console: Console) -> Callable[[StackState | None], None]:
    """Return a function that prints one line for every change since its last call."""
    seen: dict[str, str] = {}

    def write(state: StackState | None) -> None:
        for name, process in (state.processes if state else {}).items():
            text = f"{name}: {process.state}" + (f" ({process.note})" if process.note else "")
            if seen.get(name) != text and process.state is not State.WAITING:
                console.print(text, highlight=False, markup=False)
            seen[name] = text

    return write
