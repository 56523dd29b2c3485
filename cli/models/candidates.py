"""`parley models candidates list|label|dismiss`: what the assistant is to learn from people."""

import json
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from cli.models import words
from cli.models.rest import model_routes
from cli.options import DEFAULT_DATA, Data, Json

CANDIDATES = "/api/ai/train/candidates"
PAGE = 100


class State(StrEnum):
    """What has become of a candidate."""

    OPEN = "open"
    LABELLED = "labelled"
    DISMISSED = "dismissed"


Question = Annotated[UUID, typer.Argument(metavar="QUESTION", help="As `list` shows.")]
Intent = Annotated[
    str, typer.Argument(metavar="INTENT", help="`out_of_scope` says that no intent fits.")
]
OfState = Annotated[State, typer.Option("--state", help="Open, labelled or dismissed ones.")]
Limit = Annotated[int, typer.Option("--limit", min=1, help="At most so many, the latest first.")]

candidates = typer.Typer(
    help="Questions whose answers were rated, or that had none: list, label, dismiss.",
    no_args_is_help=True,
)


@candidates.command("list")
def list_candidates(
    data: Data = DEFAULT_DATA,
    *,
    state: OfState = State.OPEN,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List candidates, the last rated or unanswered first; personal data is masked."""
    found: list[dict[str, object]] = []
    query: dict[str, str | int] = {"state": state.value}
    with model_routes(data) as routes:
        while len(found) < limit:
            page = routes.get(CANDIDATES, limit=min(PAGE, limit - len(found)), **query)
            found += page["items"]
            if page["next"] is None:
                break
            query["before"] = page["next"]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    Console().print(words.candidates(found))


@candidates.command()
def label(question: Question, intent: Intent, data: Data = DEFAULT_DATA) -> None:
    """Say which intent a question means; the next training from feedback learns it."""
    with model_routes(data) as routes:
        kept = routes.put(f"{CANDIDATES}/{question}", {"intent": intent})
    typer.echo(f"{kept['messageId']} means {kept['intent']}")


@candidates.command()
def dismiss(question: Question, data: Data = DEFAULT_DATA) -> None:
    """Say that nothing is to be learnt from a question."""
    with model_routes(data) as routes:
        kept = routes.put(f"{CANDIDATES}/{question}", {"dismissed": True})
    typer.echo(f"{kept['messageId']} is dismissed")
