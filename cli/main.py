"""The `parley` command: one file per subcommand, collected here."""

from typing import Any

import typer
from typer.core import TyperGroup

from cli.admin import admin
from cli.dlq.app import desk
from cli.doctor import doctor
from cli.down import down
from cli.knowledge.app import knowledge
from cli.lag import lag
from cli.models.app import models
from cli.rebuild import rebuild
from cli.smoke import smoke
from cli.status import status
from cli.tail import tail
from cli.topics import topics
from cli.up import up
from cli.verify import verify
from infra.embedded.errors import StackError

COMMANDS = (up, down, status, doctor, smoke, tail, lag, rebuild, verify, topics)


class OneLineErrors(TyperGroup):
    """Shows what went wrong as one line; a traceback is for defects only."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - typer keeps the context's type private
        try:
            return super().invoke(ctx)
        except StackError as error:
            typer.echo(f"parley: {error}", err=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=OneLineErrors,
    help="Parley: an event-driven chat platform on Apache Kafka.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
for _command in COMMANDS:
    app.command()(_command)
app.add_typer(desk, name="dlq")
app.add_typer(models, name="models")
app.add_typer(admin, name="admin")
app.add_typer(knowledge, name="knowledge")

if __name__ == "__main__":
    app()
