"""`parley down`: stop everything in order; the data stay."""

import typer

from cli.options import DEFAULT_DATA, Data
from infra.embedded.folder import DataFolder
from infra.embedded.running import RunningStack
from infra.embedded.state import StackState, stop_orphans


def down(data: Data = DEFAULT_DATA) -> None:
    """Stop the stack of this data folder, also what a killed one left behind."""
    folder = DataFolder.at(data)
    left = StackState.load(folder)
    if left is not None and not left.running:
        names = stop_orphans(left)
        folder.state_file.unlink(missing_ok=True)
        typer.echo(f"the stack was gone; stopped what it left: {', '.join(names) or 'nothing'}")
        return
    RunningStack.find(folder).stop()
    typer.echo("stopped")
