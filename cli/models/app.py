"""`parley models list|show|train|cancel|promote|rollback|candidates`."""

import json
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cli.models import words
from cli.models.candidates import candidates
from cli.models.rest import ModelRoutes, model_routes
from cli.options import DEFAULT_DATA, Data, Json
from infra.embedded.errors import StackError

POLL_SECONDS = 0.25
ENDED = {"succeeded", "failed", "cancelled"}

Version = Annotated[str, typer.Argument(metavar="VERSION", help="As `parley models list` shows.")]
JobId = Annotated[str, typer.Argument(metavar="JOB", help="As `parley models train` says.")]
File = Annotated[
    Path | None,
    typer.Argument(
        metavar="[FILE]",
        help="CSV, JSON or YAML: text and intent.",
        show_default=False,
    ),
]
FromFeedback = Annotated[
    bool,
    typer.Option(
        "--from-feedback",
        help="Learn labelled candidates and liked questions; no FILE is needed.",
    ),
]
Only = Annotated[
    bool, typer.Option("--only-these", help="Do not learn the knowledge folder's examples as well.")
]
Promote = Annotated[bool, typer.Option("--promote", help="Promote the version when it is there.")]
Note = Annotated[str, typer.Option("--note", help="A line to remember the job by.")]

models = typer.Typer(
    help="Train, look at, promote and roll back the assistant's models.", no_args_is_help=True
)
models.add_typer(candidates, name="candidates")


@models.command("list")
def list_models(data: Data = DEFAULT_DATA, *, as_json: Json = False) -> None:
    """List the versions, the last made first."""
    with model_routes(data) as routes:
        found = routes.get("/api/ai/models")["items"]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    Console().print(words.listing(found))


@models.command()
def show(version: Version, data: Data = DEFAULT_DATA, *, as_json: Json = False) -> None:
    """Show a version's card: what it learnt, and what it is worth."""
    with model_routes(data) as routes:
        found = routes.get(f"/api/ai/models/{version}")
    typer.echo(json.dumps(found, indent=2) if as_json else words.card(found), nl=as_json)


@models.command()
def promote(version: Version, data: Data = DEFAULT_DATA) -> None:
    """Let a version answer from now on, in every replica."""
    with model_routes(data) as routes:
        _tell(routes.post(f"/api/ai/models/{version}/promote"))


@models.command()
def rollback(data: Data = DEFAULT_DATA) -> None:
    """Take the latest promotion back."""
    with model_routes(data) as routes:
        _tell(routes.post("/api/ai/models/rollback"))


@models.command()
def cancel(job_id: JobId, data: Data = DEFAULT_DATA) -> None:
    """Stop a training job."""
    with model_routes(data) as routes:
        routes.delete(f"/api/ai/train/{job_id}")
    typer.echo(f"asked {job_id} to stop")


@models.command()
def train(
    file: File = None,
    data: Data = DEFAULT_DATA,
    *,
    from_feedback: FromFeedback = False,
    only_these: Only = False,
    promote_it: Promote = False,
    note: Note = "",
) -> None:
    """Train a version from a file of examples, from what people said, or both, and wait for it."""
    if file is None and not from_feedback:
        raise typer.BadParameter("name a file, or say --from-feedback")
    options: dict[str, Any] = {"extend": not only_these, "fromFeedback": from_feedback}
    options |= {"note": note} if note else {}
    with model_routes(data) as routes:
        asked = routes.train(options) if file is None else routes.upload(file, _fields(options))
        typer.echo(words.asked(asked))
        job = _wait(routes, asked["jobId"])
        if job["status"] != "succeeded":
            raise StackError(f"the job has {job['status']}: {job['error'] or 'it was asked to'}")
        typer.echo(words.card(routes.get(f"/api/ai/models/{job['version']}")), nl=False)
        if promote_it:
            _tell(routes.post(f"/api/ai/models/{job['version']}/promote"))


def _fields(options: dict[str, Any]) -> dict[str, str]:
    """Options as a form has them."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in options.items()
    }


def _wait(routes: ModelRoutes, job_id: str) -> dict[str, Any]:
    columns = (TextColumn("{task.description:<12}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task("queued", total=1.0)
        while True:
            job = routes.get(f"/api/ai/train/{job_id}")
            phase, share = words.progress_of(job)
            bar.update(task, description=phase, completed=share)
            if job["status"] in ENDED:
                return job
            time.sleep(POLL_SECONDS)


def _tell(served: dict[str, Any]) -> None:
    before = f" (before: {served['before']})" if served["before"] else ""
    typer.echo(f"{served['version']} answers from now on{before}")
