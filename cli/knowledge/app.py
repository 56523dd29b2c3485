"""`parley knowledge`: its commands."""

import typer

from cli.knowledge.look import overview, remove, search, unanswered
from cli.knowledge.take_in import take_in

knowledge = typer.Typer(
    help="Bring documents into the knowledge base, and see what nobody could answer.",
    no_args_is_help=True,
)
knowledge.command("import")(take_in)
knowledge.command("list")(overview)
knowledge.command()(remove)
knowledge.command()(search)
knowledge.command()(unanswered)
