"""Signing in to a stack from the command line, for commands that speak to the gateway."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer

from infra.embedded.errors import StackError
from parley_client import ParleyClient
from parley_client.errors import RestError

Url = Annotated[str | None, typer.Option("--url", metavar="URL", help="Another stack's address.")]
Email = Annotated[
    str,
    typer.Option(
        "--email", envvar="PARLEY_EMAIL", prompt="E-mail", help="The account of an admin."
    ),
]
# Never an argument's plain value in examples: it would stand in the shell's history.
Password = Annotated[
    str,
    typer.Option(
        "--password",
        envvar="PARLEY_PASSWORD",
        prompt="Password",
        hide_input=True,
        help="Asked for when left out.",
    ),
]


@asynccontextmanager
async def signed_in_client(url: str, email: str, password: str) -> AsyncIterator[ParleyClient]:
    """Sign in for the length of the block and out after it; refusals become one clear line.

    Raises:
        StackError: the gateway refused something, or was not reached.
    """
    try:
        async with ParleyClient(url) as client:
            await client.login(email, password)
            yield client
            await client.logout()
    except RestError as error:
        raise StackError(str(error)) from error
