"""Options that commands share, so that they are spelled and explained the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

from infra.embedded.folder import DataFolder
from infra.embedded.running import RunningStack

Data = Annotated[
    Path,
    typer.Option("--data", metavar="DIR", help="The stack's data folder: which stack is meant."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
DEFAULT_DATA = Path(".parley")


def running_stack(data: Path) -> RunningStack:
    """Return the stack that runs on this folder, or stop the command with one clear line."""
    return RunningStack.find(DataFolder.at(data))
