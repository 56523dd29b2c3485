"""Signing a socket in, by its first frame; and which pages may open one at all."""

from collections.abc import Iterable

from edge_ws.connection import Session
from edge_ws.ports import TicketStore
from runtime.clock import server_seconds
from runtime.errors import ParleyError
from runtime.tokens import AccessTokenVerifier, InvalidTokenError
from schemas.frames.client import Connect
from schemas.frames.server import ConnectedUser


class NotSignedInError(ParleyError):
    """The ticket or token signs nobody in; the text is safe to show."""


class SignIn:
    """Turns a `connect` frame into a session."""

    def __init__(self, tickets: TicketStore, tokens: AccessTokenVerifier) -> None:
        self._tickets = tickets
        self._tokens = tokens

    async def session_for(self, frame: Connect) -> Session:
        """Return the session that the ticket or token opens.

        Raises:
            NotSignedInError: it opens none.
            RetryableError: the tickets are out of reach.
        """
        session = (
            self._by_token(frame.token)
            if frame.token is not None
            else await self._by_ticket(frame.ticket)
        )
        if session.expires_at <= server_seconds():
            msg = "the access token has expired"
            raise NotSignedInError(msg)
        return session

    def _by_token(self, token: str) -> Session:
        try:
            claims = self._tokens.verify(token)
        except InvalidTokenError as error:
            raise NotSignedInError(str(error)) from error
        user = ConnectedUser(id=claims.sub, name=claims.name, role=claims.role)
        return Session(user, claims.exp, claims.sid, claims.iat)

    async def _by_ticket(self, ticket: str | None) -> Session:
        found = None if ticket is None else await self._tickets.take(ticket)
        if found is None:
            msg = "the ticket is not valid, or has been used"
            raise NotSignedInError(msg)
        user = ConnectedUser(id=found.user_id, name=found.name, role=found.role)
        return Session(user, found.expires_at, found.session_id, found.issued_at)


def origin_allowed(headers: Iterable[tuple[bytes, bytes]], allowed: frozenset[str]) -> bool:
    """Whether the page may open sockets; programs send no Origin and are let through.

    Compared whole and as it stands: browsers write origins in one way only.
    """
    origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
    return not origins or (len(origins) == 1 and origins[0] in allowed)
