"""`parley dlq`: the desk's three commands."""

import typer

from cli.dlq.overview import overview
from cli.dlq.redrive import redrive
from cli.dlq.show import show

desk = typer.Typer(
    help="Look at dead letters, and put them back to the consumer that could not read them.",
    no_args_is_help=True,
)
desk.command("list")(overview)
desk.command()(show)
desk.command()(redrive)
