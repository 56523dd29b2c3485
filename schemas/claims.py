"""What an access token says of its bearer (JWT, ES256)."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.text import PersonName

ALGORITHM = "ES256"
AUDIENCE = "parley"
AGENT_ROLES = frozenset({"agent", "admin"})
"""The roles of people who may answer in the conversations of others."""


class AccessClaims(BaseModel):
    """The claims of an access token; `iat` and `exp` are seconds since 1970."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sub: UUID
    email: str
    name: PersonName
    role: str
    permissions: tuple[str, ...] = ()
    iat: int
    exp: int
    iss: str
    sid: UUID | None = None
    """The session; tokens of older gateways name none."""
    aud: str = AUDIENCE
