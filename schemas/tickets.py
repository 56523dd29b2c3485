"""A single-use ticket that opens one socket: the gateway writes it to Valkey, the edge takes it."""

import hashlib
from datetime import timedelta
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.text import PersonName

TICKET_LIFETIME = timedelta(seconds=30)


class SocketTicket(BaseModel):
    """Whom the ticket signs in; `expires_at` is the access token's, seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    user_id: UUID
    name: PersonName
    role: str
    expires_at: int
    session_id: UUID | None = None
    issued_at: int | None = None
    """When the access token was made, seconds since 1970."""


def ticket_key(ticket: str) -> str:
    """Return the Valkey key of a ticket: its digest, so that a dump of the store opens nothing."""
    return f"ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
