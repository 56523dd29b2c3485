"""Signing up, in and out: sessions with rotating refresh tokens, and socket tickets."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import structlog

from gateway.auth.passwords import Passwords
from gateway.auth.ports import (
    Account,
    Accounts,
    EmailTakenError,
    Outcome,
    Rotation,
    Session,
    Tickets,
)
from gateway.auth.standing import Standing
from gateway.auth.telling import Telling
from gateway.auth.tokens import AccessTokenMint, RefreshTokens, digest_of, new_secret
from runtime.clock import wall_clock
from runtime.errors import DomainError
from runtime.tokens import InvalidTokenError
from schemas.claims import AccessClaims
from schemas.tickets import TICKET_LIFETIME, SocketTicket, ticket_key

REFRESH_GRACE = timedelta(seconds=10)
"""Two tabs may refresh at once with the same token; the slower one is let in this long."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Entry:
    """Somebody signed in."""

    account: Account
    token: str
    token_expires_at: datetime
    refresh_token: str


class SignIn:
    """What the auth routes do."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        tickets: Tickets,
        passwords: Passwords,
        mint: AccessTokenMint,
        refresh_tokens: RefreshTokens,
        telling: Telling,
        standing: Standing,
        refresh_lifetime: timedelta,
        now: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._accounts = accounts
        self._tickets = tickets
        self._passwords = passwords
        self._mint = mint
        self._refresh_tokens = refresh_tokens
        self._telling = telling
        self._standing = standing
        self._refresh_lifetime = refresh_lifetime
        self._now = now

    async def register(self, email: str, password: str, name: str) -> Entry:
        """Open an account and sign it in.

        Raises:
            DomainError: the address has an account.
        """
        hashed = await self._passwords.make(password)
        account = Account(uuid4(), email, name, "user", hashed)
        session, secret = self._new_session(account.id)
        try:
            await self._accounts.register(
                account, session, self._telling.registered(account, session)
            )
        except EmailTakenError as error:
            detail = "There is an account with this address already."
            raise DomainError("email_taken", detail, status=409) from error
        logger.info("user_registered", user_id=account.id)
        return self._entry(account, session.id, secret)

    async def login(self, email: str, password: str) -> Entry:
        """Sign in; why it failed is not told.

        Raises:
            DomainError: address and password do not belong together.
        """
        account = await self._accounts.by_email(email)
        fits = await self._passwords.fits(password, account.password_hash if account else None)
        if account is None or not fits or not account.is_active:
            raise _wrong_credentials()
        session, secret = self._new_session(account.id)
        if not await self._accounts.start_session(session, self._telling.started(session)):
            raise _wrong_credentials()
        logger.info("session_started", user_id=account.id, session_id=session.id)
        return self._entry(account, session.id, secret)

    async def refresh(self, secret: str) -> Entry:
        """Change a refresh token for new tokens.

        Raises:
            DomainError: it is none of ours, too old, or was used before (the session ends).
        """
        replacement = self._refresh_tokens.successor(secret)
        now = self._now()
        rotated = await self._accounts.rotate(
            Rotation(
                presented=digest_of(secret),
                replacement=digest_of(replacement),
                now=now,
                expires_at=now + self._refresh_lifetime,
                grace=REFRESH_GRACE,
            ),
            self._telling.reused,
        )
        if rotated.outcome is Outcome.REUSED:
            logger.warning("refresh_token_reused", session_id=rotated.session_id)
        session_id = rotated.session_id
        if rotated.account is None or session_id is None or rotated.outcome is Outcome.REUSED:
            self._standing.end(() if session_id is None else (session_id,))
            raise DomainError("not_signed_in", "The session has ended; sign in again.", status=401)
        # Who lost a race gets what the winner got, so that every tab holds the current token.
        return self._entry(rotated.account, session_id, replacement)

    async def logout(self, secret: str) -> None:
        """End the session of a refresh token, if there is one."""
        digest = digest_of(secret)
        ended = await self._accounts.end_session(digest, self._now(), self._telling.ended)
        if ended is not None:
            self._standing.end((ended.id,))

    async def profile(self, user_id: UUID) -> Account:
        """Return the account as it is now.

        Raises:
            InvalidTokenError: it is gone or was switched off since the token was made.
        """
        account = await self._accounts.by_id(user_id)
        if account is None or not account.is_active:
            raise InvalidTokenError("the account is not active")
        return account

    async def issue_ticket(self, claims: AccessClaims) -> tuple[str, datetime]:
        """Return a ticket that opens one socket as the token's bearer, and its end."""
        secret = new_secret()
        ticket = SocketTicket(
            user_id=claims.sub,
            name=claims.name,
            role=claims.role,
            expires_at=claims.exp,
            session_id=claims.sid,
            issued_at=claims.iat,
        )
        expires = self._now() + TICKET_LIFETIME
        await self._tickets.put(ticket_key(secret), ticket.model_dump_json(), TICKET_LIFETIME)
        return secret, min(expires, datetime.fromtimestamp(claims.exp, tz=UTC))

    def _new_session(self, user_id: UUID) -> tuple[Session, str]:
        secret = new_secret()
        now = self._now()
        return (
            Session(
                id=uuid4(),
                user_id=user_id,
                token_digest=digest_of(secret),
                rotated_at=now,
                expires_at=now + self._refresh_lifetime,
            ),
            secret,
        )

    def _entry(self, account: Account, session_id: UUID, refresh_token: str) -> Entry:
        token, expires = self._mint.mint(account, session_id, self._now())
        return Entry(account, token, expires, refresh_token)


def _wrong_credentials() -> DomainError:
    logger.info("login_failed")
    return DomainError("wrong_credentials", "Address or password is wrong.", status=401)
