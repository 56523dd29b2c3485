"""`parley knowledge list|remove|search|unanswered`: what is known, and what is not."""

import asyncio
import json
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from cli.options import DEFAULT_DATA, Data, Json, running_stack
from cli.signing_in import Email, Password, Url, signed_in_client
from schemas.events.ai import MOST_SNIPPETS

Limit = Annotated[int, typer.Option("--limit", min=1, max=100, help="How many.")]
Words = Annotated[str, typer.Argument(metavar="WORDS", help="A question, as people would ask.")]
Most = Annotated[int, typer.Option("--limit", min=1, max=MOST_SNIPPETS, help="How many.")]
Document = Annotated[UUID, typer.Argument(metavar="ID", help="From `parley knowledge list`.")]


def overview(
    email: Email,
    password: Password,
    data: Data = DEFAULT_DATA,
    *,
    url: Url = None,
    as_json: Json = False,
) -> None:
    """List the documents."""
    items = _items(_ask(data, url, email, password, "/api/knowledge/documents"))
    _show(items, ("id", "name", "title", "version", "sections", "updated_at"), as_json=as_json)


def remove(
    document: Document,
    email: Email,
    password: Password,
    data: Data = DEFAULT_DATA,
    *,
    url: Url = None,
) -> None:
    """Take a document away; the assistant says nothing of it any more."""
    _ask(data, url, email, password, f"/api/knowledge/documents/{document}", method="DELETE")
    typer.echo(f"removed {document}")


def search(
    words: Words,
    email: Email,
    password: Password,
    data: Data = DEFAULT_DATA,
    *,
    url: Url = None,
    limit: Most = 10,
    as_json: Json = False,
) -> None:
    """Tell what the assistant finds about a question, and how likely it is the answer."""
    query = {"q": words, "limit": str(limit)}
    items = _items(_ask(data, url, email, password, "/api/knowledge/search", query=query))
    for item in items if not as_json else ():
        item["probability"] = f"{item['probability']:.0%}"
    _show(items, ("probability", "document_title", "title", "text"), as_json=as_json)


def unanswered(
    email: Email,
    password: Password,
    data: Data = DEFAULT_DATA,
    *,
    url: Url = None,
    limit: Limit = 50,
    as_json: Json = False,
) -> None:
    """List questions that the assistant had no answer to, the latest first."""
    query = {"limit": str(limit)}
    items = _items(_ask(data, url, email, password, "/api/knowledge/unanswered", query=query))
    _show(items, ("occurred_at", "intent", "text"), as_json=as_json)


def _ask(
    data: Data,
    url: str | None,
    email: str,
    password: str,
    path: str,
    *,
    method: str = "GET",
    query: dict[str, str] | None = None,
) -> bytes:
    async def ask() -> bytes:
        where = url or running_stack(data).url
        async with signed_in_client(where, email, password) as client:
            return (await client.request(method, path, query=query)).content

    return asyncio.run(ask())


def _items(content: bytes) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = json.loads(content)["items"]
    return items


def _show(items: Sequence[dict[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(items, indent=2, ensure_ascii=False))
        return
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.replace("_", " "), overflow="fold")
    for item in items:
        table.add_row(*("" if item[column] is None else str(item[column]) for column in columns))
    Console().print(table)
