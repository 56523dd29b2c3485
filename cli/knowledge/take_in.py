"""`parley knowledge import`: files and folders into the knowledge base."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track

from cli.options import DEFAULT_DATA, Data, running_stack
from cli.signing_in import Email, Password, Url, signed_in_client
from infra.embedded.errors import StackError
from parley_client import ParleyClient
from parley_client.errors import RestError

SUFFIXES = (".md", ".markdown", ".html", ".htm", ".txt", ".csv", ".yaml", ".yml", ".pdf")

Paths = Annotated[
    list[Path], typer.Argument(metavar="PATH...", help="Files, or folders of them.", exists=True)
]
Outcome = tuple[Path, str | None]
"""A file, and why it was refused."""


def take_in(
    paths: Paths, email: Email, password: Password, data: Data = DEFAULT_DATA, *, url: Url = None
) -> None:
    """Import Markdown, HTML, text, CSV, YAML and PDF files; the same file again changes nothing."""
    files = files_of(paths)
    outcomes = asyncio.run(_import(url or running_stack(data).url, email, password, files))
    refused = [(path, why) for path, why in outcomes if why is not None]
    for path, why in refused:
        typer.echo(f"{path}: {why}", err=True)
    if refused:
        raise typer.Exit(1)


def files_of(paths: Sequence[Path]) -> list[Path]:
    """Return the files meant: those named, and those in folders that can be read.

    Raises:
        StackError: there are none, or two have the same name and would replace each other.
    """
    found: dict[str, Path] = {}
    for path in paths:
        inside = (each for each in sorted(path.rglob("*")) if each.suffix.lower() in SUFFIXES)
        for file in inside if path.is_dir() else (path,):
            other = found.setdefault(file.name, file)
            if other.resolve() != file.resolve():
                message = f"{other} and {file} have the same name: one would replace the other"
                raise StackError(message)
    if not found:
        message = f"there is no file that ends in {', '.join(SUFFIXES)}"
        raise StackError(message)
    return list(found.values())


async def _import(url: str, email: str, password: str, files: Sequence[Path]) -> list[Outcome]:
    console = Console()
    async with signed_in_client(url, email, password) as client:
        return [
            await _one(client, path, console)
            for path in track(files, "Importing", console=console, transient=True)
        ]


async def _one(client: ParleyClient, path: Path, console: Console) -> Outcome:
    try:
        content = await asyncio.to_thread(path.read_bytes)
        answer = await client.request("POST", "/api/knowledge/documents", file=(path.name, content))
    except OSError as error:
        return path, error.strerror or type(error).__name__
    except RestError as error:
        if error.code not in {"unreadable_document", "too_large"}:
            # Not this file's fault: the next would fail as it did.
            raise
        return path, error.detail
    said = answer.json()
    word = "version" if said["changed"] else "unchanged, version"
    console.print(f"{path}: {word} {said['version']}, {said['sections']} sections")
    return path, None
