"""Accounts and tickets in memory: the twins of the real stores, for tests and embedders."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from gateway.auth.ports import (
    Account,
    EmailTakenError,
    Outcome,
    Record,
    Rotated,
    Rotation,
    Session,
    judge,
)
from schemas.events.admin import ActionRecorded


@dataclass
class InMemoryAccounts:
    """`gateway.auth.ports.Accounts` in dictionaries."""

    accounts: dict[UUID, Account] = field(default_factory=dict)
    sessions: dict[UUID, Session] = field(default_factory=dict)
    actions: list[ActionRecorded] = field(default_factory=list)

    async def register(
        self, account: Account, session: Session, actions: tuple[ActionRecorded, ...]
    ) -> None:
        """Keep a new account with its first session."""
        if await self.by_email(account.email) is not None:
            raise EmailTakenError
        self.accounts[account.id] = account
        self.sessions[session.id] = session
        self.actions.extend(actions)

    async def by_email(self, email: str) -> Account | None:
        """Return the account of a normalised address."""
        return next((found for found in self.accounts.values() if found.email == email), None)

    async def by_id(self, user_id: UUID) -> Account | None:
        """Return an account."""
        return self.accounts.get(user_id)

    async def start_session(self, session: Session, action: ActionRecorded) -> None:
        """Keep a new session."""
        self.sessions[session.id] = session
        self.actions.append(action)

    async def rotate(self, rotation: Rotation, on_reuse: Record) -> Rotated:
        """Apply `judge` to the token's session."""
        session = self._session_of(rotation.presented)
        if session is None:
            return Rotated(Outcome.REFUSED)
        account = self.accounts.get(session.user_id)
        outcome = judge(session, rotation)
        if account is None or not account.is_active or outcome is Outcome.REFUSED:
            return Rotated(Outcome.REFUSED)
        if outcome is Outcome.ROTATED:
            self.sessions[session.id] = replace(
                session,
                token_digest=rotation.replacement,
                previous_digest=rotation.presented,
                rotated_at=rotation.now,
                expires_at=rotation.expires_at,
            )
        if outcome is Outcome.REUSED:
            self.sessions[session.id] = replace(session, revoked_at=rotation.now)
            self.actions.append(on_reuse(session))
        return Rotated(outcome, account)

    async def end_session(self, digest: bytes, now: datetime, on_end: Record) -> None:
        """Revoke the session of a refresh token."""
        session = self._session_of(digest)
        if session is None or session.revoked_at is not None:
            return
        self.sessions[session.id] = replace(session, revoked_at=now)
        self.actions.append(on_end(session))

    def _session_of(self, digest: bytes) -> Session | None:
        return next(
            (
                session
                for session in self.sessions.values()
                if digest in {session.token_digest, session.previous_digest}
            ),
            None,
        )


@dataclass
class InMemoryTickets:
    """`gateway.auth.ports.Tickets` in a dictionary; nothing expires by itself."""

    values: dict[str, str] = field(default_factory=dict)
    lifetimes: dict[str, timedelta] = field(default_factory=dict)

    async def put(self, key: str, value: str, lifetime: timedelta) -> None:
        """Keep a value under a key, and how long it was to live."""
        self.values[key] = value
        self.lifetimes[key] = lifetime
