"""What accounts and sessions need from a store, and the rule both stores apply."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from schemas.events.envelope import Event


class EmailTakenError(Exception):
    """There is an account with this address already."""


@dataclass(frozen=True)
class Account:
    """A person who can sign in; `email` is normalised."""

    id: UUID
    email: str
    name: str
    role: str
    password_hash: str
    is_active: bool = True


@dataclass(frozen=True)
class Session:
    """One signed-in device; only digests of its refresh tokens are known."""

    id: UUID
    user_id: UUID
    token_digest: bytes
    rotated_at: datetime
    expires_at: datetime
    previous_digest: bytes | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True)
class Rotation:
    """A refresh token shown at `now`, and what takes its place."""

    presented: bytes
    replacement: bytes
    now: datetime
    expires_at: datetime
    grace: timedelta


class Outcome(StrEnum):
    """What a refresh token turned out to be."""

    ROTATED = "rotated"
    RACED = "raced"
    """The one before the current, within the grace: another tab was faster."""
    REUSED = "reused"
    """The one before the current, too late: somebody holds a copy. The session is revoked."""
    REFUSED = "refused"


@dataclass(frozen=True)
class Rotated:
    """The outcome; the account is known unless the token was refused."""

    outcome: Outcome
    account: Account | None = None
    session_id: UUID | None = None


Tell = Callable[[Session], tuple[Event, ...]]
"""Makes the events that are kept with a change of a session."""
TellSwitched = Callable[[Account, tuple[Session, ...]], tuple[Event, ...]]
"""Makes the events of an account switched on or off, and of the sessions that this ends."""


def judge(session: Session, rotation: Rotation) -> Outcome:
    """Say what the presented token is to this session."""
    if session.revoked_at is not None or session.expires_at <= rotation.now:
        return Outcome.REFUSED
    if session.token_digest == rotation.presented:
        return Outcome.ROTATED
    in_time = rotation.now - session.rotated_at <= rotation.grace
    return Outcome.RACED if in_time else Outcome.REUSED


class Accounts(Protocol):
    """Keeps accounts and their sessions.

    Every change and the events that tell of it are one transaction: both happen or neither.
    Failure: raises RetryableError when the store is away; nothing is half done.
    """

    async def register(self, account: Account, session: Session, events: tuple[Event, ...]) -> None:
        """Keep a new account with its first session.

        Raises:
            EmailTakenError: the address has an account already.
        """
        ...

    async def by_email(self, email: str) -> Account | None:
        """Return the account of a normalised address."""
        ...

    async def by_id(self, user_id: UUID) -> Account | None:
        """Return an account."""
        ...

    async def start_session(self, session: Session, events: tuple[Event, ...]) -> bool:
        """Keep a new session; False when the account was switched off meanwhile."""
        ...

    async def rotate(self, rotation: Rotation, on_reuse: Tell) -> Rotated:
        """Apply `judge` to the token's session; two callers at once get one rotation."""
        ...

    async def end_session(self, digest: bytes, now: datetime, on_end: Tell) -> Session | None:
        """Revoke and return the session of a refresh token; an unknown one changes nothing."""
        ...

    async def switch(
        self, user_id: UUID, now: datetime, tell: TellSwitched, *, active: bool
    ) -> Account | None:
        """Switch an account on or off; off revokes its sessions, and no new one can begin.

        Return the account as it is now, or None when there is none.
        What is so already stays so, and nothing is told.
        """
        ...

    async def stands(self, user_id: UUID, session_id: UUID | None) -> bool:
        """Whether a session stands; see `gateway.auth.standing.Sessions`."""
        ...


class Tickets(Protocol):
    """Keeps socket tickets until they are used or too old; raises RetryableError when away."""

    async def put(self, key: str, value: str, lifetime: timedelta) -> None:
        """Keep a value under a key for this long."""
        ...
