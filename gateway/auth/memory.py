"""Accounts and tickets in memory: the twins of the real stores, for tests and embedders."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

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
from schemas.events.admin import ActionRecorded
from schemas.events.envelope import Event


@dataclass
class InMemoryAccounts:
    """`gateway.auth.ports.Accounts` in dictionaries."""

    accounts: dict[UUID, Account] = field(default_factory=dict)
    sessions: dict[UUID, Session] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    @property
    def actions(self) -> list[ActionRecorded]:
        """What the audit would hear."""
        return [event for event in self.events if isinstance(event, ActionRecorded)]

    async def register(self, account: Account, session: Session, events: tuple[Event, ...]) -> None:
        """Keep a new account with its first session."""
        if await self.by_email(account.email) is not None:
            raise EmailTakenError
        self.accounts[account.id] = account
        self.sessions[session.id] = session
        self.events.extend(events)

    async def by_email(self, email: str) -> Account | None:
        """Return the account of a normalised address."""
        return next((found for found in self.accounts.values() if found.email == email), None)

    async def by_id(self, user_id: UUID) -> Account | None:
        """Return an account."""
        return self.accounts.get(user_id)

    async def start_session(self, session: Session, events: tuple[Event, ...]) -> bool:
        """Keep a new session of an active account."""
        account = self.accounts.get(session.user_id)
        if account is None or not account.is_active:
            return False
        self.sessions[session.id] = session
        self.events.extend(events)
        return True

    async def rotate(self, rotation: Rotation, on_reuse: Tell) -> Rotated:
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
            self.events.extend(on_reuse(session))
        return Rotated(outcome, account, session.id)

    async def end_session(self, digest: bytes, now: datetime, on_end: Tell) -> Session | None:
        """Revoke the session of a refresh token."""
        session = self._session_of(digest)
        if session is None or session.revoked_at is not None:
            return None
        self.sessions[session.id] = replace(session, revoked_at=now)
        self.events.extend(on_end(session))
        return session

    async def switch(
        self, user_id: UUID, now: datetime, tell: TellSwitched, *, active: bool
    ) -> Account | None:
        """Switch an account and, when off, its sessions."""
        account = self.accounts.get(user_id)
        if account is None or account.is_active is active:
            return account
        changed = self.accounts[user_id] = replace(account, is_active=active)
        ended = tuple(
            session
            for session in self.sessions.values()
            if not active and session.user_id == user_id and session.revoked_at is None
        )
        self.sessions.update({each.id: replace(each, revoked_at=now) for each in ended})
        self.events.extend(tell(changed, ended))
        return changed

    async def stands(self, user_id: UUID, session_id: UUID | None) -> bool:
        """Look the account and the session up."""
        account = self.accounts.get(user_id)
        if session_id is None:
            return account is None or account.is_active
        session = self.sessions.get(session_id)
        return (
            account is not None
            and account.is_active
            and session is not None
            and session.user_id == user_id
            and session.revoked_at is None
        )

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
