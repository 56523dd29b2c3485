"""`parley admin grant EMAIL`: make an account an admin; how a stack gets its first one."""

import asyncio
from typing import Annotated
from uuid import UUID, uuid4

import asyncpg
import psutil
import typer

from cli.database import database
from cli.options import DEFAULT_DATA, Data, running_stack
from infra.embedded.errors import StackError
from runtime.clock import HybridLogicalClock
from schemas import ids
from schemas.events.admin import Action, ActionRecorded

ADMIN = "admin"
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The address of the account.")]

admin = typer.Typer(help="Say who may administer this stack.", no_args_is_help=True)


@admin.callback()
def _group() -> None:
    """Keep `grant` a command of its own while it is the only one."""


@admin.command()
def grant(email: Email, data: Data = DEFAULT_DATA) -> None:
    """Make an account an admin; its owner needs to do nothing."""
    changed = asyncio.run(make_admin(running_stack(data).database_url(), email))
    typer.echo(f"{email} is an admin" if changed else f"{email} was an admin already")


async def make_admin(url: str, email: str) -> bool:
    """Change the role and write the audit's record of it in one transaction.

    The record leaves through the gateway's outbox.
    Return whether anything changed; StackError when there is no such account.
    """
    async with database(url) as connection, connection.transaction():
        found = await connection.fetchrow(
            "select id, role from users where lower(email) = lower($1) for update", email
        )
        if found is None:
            message = f"no account has the address {email}; register it first"
            raise StackError(message)
        if found["role"] == ADMIN:
            return False
        await connection.execute(
            "update users set role = $2, updated_at = now() where id = $1", found["id"], ADMIN
        )
        await _record(connection, found["id"], found["role"])
    return True


async def _record(connection: asyncpg.Connection, user_id: UUID, role: str) -> None:
    event_id = ids.event_id(ActionRecorded.event_type, uuid4())
    event = ActionRecorded(
        event_id=event_id,
        occurred_at=HybridLogicalClock().stamp(),
        correlation_id=event_id,
        actor_id=ids.OPERATOR_ID,
        action=Action.USER_ROLE_GRANTED,
        target_type="user",
        target_id=user_id,
        old={"role": role},
        new={"role": ADMIN, "operator": psutil.Process().username()},
    )
    await connection.execute(
        "insert into outbox (event_type, body) values ($1, $2::jsonb)",
        ActionRecorded.event_type,
        event.model_dump_json(),
    )
