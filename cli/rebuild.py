"""`parley rebuild NAME`: empty a consumer's tables and let it read the log again from the start."""

import asyncio
from typing import Annotated

import typer

from cli.database import forget_projection
from cli.options import DEFAULT_DATA, Data, running_stack
from infra.embedded.errors import StackError

PROJECTIONS = ("persistence", "personalization", "analytics", "audit")
Name = Annotated[str, typer.Argument(metavar="NAME", help=f"One of: {', '.join(PROJECTIONS)}.")]


def rebuild(name: Name, data: Data = DEFAULT_DATA) -> None:
    """Rebuild what a consumer has stored, from the first record on."""
    if name not in PROJECTIONS:
        message = f"{name!r} cannot be rebuilt; choose one of {', '.join(PROJECTIONS)}"
        raise StackError(message)
    stack = running_stack(data)
    stack.hold(name)
    try:
        asyncio.run(forget_projection(stack.database_url(name), name))
    finally:
        stack.release(name)
    stack.wait_ready(name)
    typer.echo(f"{name} reads the log again from the start; `parley lag` shows how far it is")
