"""`parley admin grant EMAIL` and `revoke EMAIL`: who is an admin or an agent of this stack."""

import asyncio
from enum import StrEnum
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
from schemas.claims import AGENT_ROLES
from schemas.events.admin import Action, ActionRecorded
from schemas.events.control import RevocationReason, SessionRevoked
from schemas.events.envelope import Event

USER = "user"


class Role(StrEnum):
    """What an account can be made."""

    ADMIN = "admin"
    AGENT = "agent"


Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The address of the account.")]
Granted = Annotated[
    Role,
    typer.Option(
        "--role", help="An admin administers; an agent answers people who asked for a person."
    ),
]

admin = typer.Typer(
    help="Say who may administer this stack, and who answers people.", no_args_is_help=True
)


@admin.command()
def grant(email: Email, role: Granted = Role.ADMIN, data: Data = DEFAULT_DATA) -> None:
    """Make an account an admin, or an agent; open pages show it within minutes."""
    changed = asyncio.run(change_role(running_stack(data).database_url(), email, role))
    typer.echo(f"{email} is an {role}" if changed else f"{email} was an {role} already")


@admin.command()
def revoke(email: Email, data: Data = DEFAULT_DATA) -> None:
    """Make an admin or agent a plain user again, and sign them out everywhere."""
    changed = asyncio.run(change_role(running_stack(data).database_url(), email, USER))
    typer.echo(f"{email} is a user" if changed else f"{email} was a user already")


async def change_role(url: str, email: str, role: str) -> bool:
    """Change the role and write the audit's record of it in one transaction.

    Who was an agent or admin before is signed out: their sessions end, and the edges hear of it.
    What is told leaves through the gateway's outbox.
    Return whether anything changed; StackError when there is no such account.
    """
    clock = HybridLogicalClock()
    async with database(url) as connection, connection.transaction():
        found = await connection.fetchrow(
            "select id, role from users where lower(email) = lower($1) for update", email
        )
        if found is None:
            message = f"no account has the address {email}; register it first"
            raise StackError(message)
        user_id, before = found["id"], found["role"]
        if before == role:
            return False
        await connection.execute(
            "update users set role = $2, updated_at = now() where id = $1", user_id, role
        )
        await _tell(connection, _recorded(clock, user_id, before, role))
        if before in AGENT_ROLES:
            ended = await connection.fetch(
                "update sessions set revoked_at = now()"
                " where user_id = $1 and revoked_at is null returning id",
                user_id,
            )
            for session in ended:
                await _tell(connection, _revoked(clock, user_id, session["id"]))
    return True


def _recorded(clock: HybridLogicalClock, user_id: UUID, before: str, role: str) -> Event:
    event_id = ids.event_id(ActionRecorded.event_type, uuid4())
    return ActionRecorded(
        event_id=event_id,
        occurred_at=clock.stamp(),
        correlation_id=event_id,
        actor_id=ids.OPERATOR_ID,
        action=Action.USER_ROLE_REVOKED if role == USER else Action.USER_ROLE_GRANTED,
        target_type="user",
        target_id=user_id,
        old={"role": before},
        new={"role": role, "operator": psutil.Process().username()},
    )


def _revoked(clock: HybridLogicalClock, user_id: UUID, session_id: UUID) -> Event:
    event_id = ids.event_id(SessionRevoked.event_type, session_id)
    return SessionRevoked(
        event_id=event_id,
        occurred_at=clock.stamp(),
        correlation_id=event_id,
        user_id=user_id,
        session_id=session_id,
        reason=RevocationReason.ROLE_CHANGED,
    )


async def _tell(connection: asyncpg.Connection, event: Event) -> None:
    await connection.execute(
        "insert into outbox (event_type, body) values ($1, $2::jsonb)",
        event.event_type,
        event.model_dump_json(),
    )
