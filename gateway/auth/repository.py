"""Accounts and sessions in PostgreSQL, with the outbox rows of their actions."""

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.auth.ports import (
    Account,
    EmailTakenError,
    Outcome,
    Rotated,
    Rotation,
    Session,
    Tell,
    TellSwitched,
    judge,
)
from gateway.database import Database
from gateway.outbox import write_to_outbox
from schemas.events.envelope import Event
from schemas.tables.gateway import sessions, users

_ACCOUNT = (
    users.c.id,
    users.c.email,
    users.c.name,
    users.c.role,
    users.c.password_hash,
    users.c.is_active,
)
_SESSION = (
    sessions.c.id,
    sessions.c.user_id,
    sessions.c.token_digest,
    sessions.c.rotated_at,
    sessions.c.expires_at,
    sessions.c.previous_digest,
    sessions.c.revoked_at,
)


class PostgresAccounts:
    """`gateway.auth.ports.Accounts` on the tables users, sessions and outbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def register(self, account: Account, session: Session, events: tuple[Event, ...]) -> None:
        """Insert account, session and events; see the port."""
        try:
            async with self._database.transaction() as connection:
                await connection.execute(insert(users).values(**_columns(account)))
                await connection.execute(insert(sessions).values(**_columns(session)))
                await write_to_outbox(connection, events)
        except IntegrityError as error:
            raise EmailTakenError from error

    async def by_email(self, email: str) -> Account | None:
        """Read by the unique index on the lower-case address."""
        async with self._database.transaction() as connection:
            found = await connection.execute(
                select(*_ACCOUNT).where(func.lower(users.c.email) == email)
            )
            return _account(found.mappings().one_or_none())

    async def by_id(self, user_id: UUID) -> Account | None:
        """Read by the primary key."""
        async with self._database.transaction() as connection:
            return await _account_of(connection, user_id)

    async def start_session(self, session: Session, events: tuple[Event, ...]) -> bool:
        """Insert the session and its events, and forget the account's sessions that are over."""
        async with self._database.transaction() as connection:
            # Locked: an account that is being switched off must find this session, or stop it.
            active = await connection.scalar(
                select(users.c.is_active)
                .where(users.c.id == session.user_id)
                .with_for_update(read=True)
            )
            if not active:
                return False
            await connection.execute(
                delete(sessions).where(
                    sessions.c.user_id == session.user_id,
                    sessions.c.expires_at <= session.rotated_at,
                )
            )
            await connection.execute(insert(sessions).values(**_columns(session)))
            await write_to_outbox(connection, events)
        return True

    async def rotate(self, rotation: Rotation, on_reuse: Tell) -> Rotated:
        """Lock the session's row, judge, and change it; see the port."""
        async with self._database.transaction() as connection:
            session = await _locked(connection, rotation.presented)
            if session is None:
                return Rotated(Outcome.REFUSED)
            account = await _account_of(connection, session.user_id)
            outcome = judge(session, rotation)
            if account is None or not account.is_active or outcome is Outcome.REFUSED:
                return Rotated(Outcome.REFUSED)
            if outcome is Outcome.ROTATED:
                await _change(
                    connection,
                    session.id,
                    token_digest=rotation.replacement,
                    previous_digest=rotation.presented,
                    rotated_at=rotation.now,
                    expires_at=rotation.expires_at,
                )
            if outcome is Outcome.REUSED:
                await _change(connection, session.id, revoked_at=rotation.now)
                await write_to_outbox(connection, on_reuse(session))
            return Rotated(outcome, account, session.id)

    async def end_session(self, digest: bytes, now: datetime, on_end: Tell) -> Session | None:
        """Mark the session revoked, once; see the port."""
        async with self._database.transaction() as connection:
            session = await _locked(connection, digest)
            if session is None or session.revoked_at is not None:
                return None
            await _change(connection, session.id, revoked_at=now)
            await write_to_outbox(connection, on_end(session))
        return session

    async def switch(
        self, user_id: UUID, now: datetime, tell: TellSwitched, *, active: bool
    ) -> Account | None:
        """Lock the account's row first, as `start_session` does; see the port."""
        async with self._database.transaction() as connection:
            found = await connection.execute(
                select(*_ACCOUNT).where(users.c.id == user_id).with_for_update()
            )
            account = _account(found.mappings().one_or_none())
            if account is None or account.is_active is active:
                return account
            await connection.execute(
                update(users).where(users.c.id == user_id).values(is_active=active, updated_at=now)
            )
            ended = () if active else await _revoke_all(connection, user_id, now)
            changed = replace(account, is_active=active)
            await write_to_outbox(connection, tell(changed, ended))
        return changed

    async def stands(self, user_id: UUID, session_id: UUID | None) -> bool:
        """Read by primary keys; see the port."""
        query = select(users.c.is_active).where(users.c.id == user_id)
        if session_id is not None:
            query = query.join_from(users, sessions).where(
                sessions.c.id == session_id, sessions.c.revoked_at.is_(None)
            )
        async with self._database.transaction() as connection:
            active = await connection.scalar(query)
        # Without a session, a user that this gateway does not know was let in by its key alone.
        return session_id is None if active is None else bool(active)


def _columns(row: Account | Session) -> dict[str, Any]:
    return dict(vars(row))


async def _locked(connection: AsyncConnection, digest: bytes) -> Session | None:
    found = await connection.execute(
        select(*_SESSION)
        .where(or_(sessions.c.token_digest == digest, sessions.c.previous_digest == digest))
        .with_for_update()
    )
    row = found.mappings().one_or_none()
    return None if row is None else Session(**row)


async def _revoke_all(
    connection: AsyncConnection, user_id: UUID, now: datetime
) -> tuple[Session, ...]:
    ended = await connection.execute(
        update(sessions)
        .where(sessions.c.user_id == user_id, sessions.c.revoked_at.is_(None))
        .values(revoked_at=now)
        .returning(*_SESSION)
    )
    return tuple(Session(**row) for row in ended.mappings())


async def _change(connection: AsyncConnection, session_id: UUID, **values: object) -> None:
    await connection.execute(update(sessions).where(sessions.c.id == session_id).values(**values))


async def _account_of(connection: AsyncConnection, user_id: UUID) -> Account | None:
    found = await connection.execute(select(*_ACCOUNT).where(users.c.id == user_id))
    return _account(found.mappings().one_or_none())


def _account(row: RowMapping | None) -> Account | None:
    return None if row is None else Account(**row)
