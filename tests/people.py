"""Throw-away people for loads, signed in with the stack's own key: no password to hash."""

import time
from pathlib import Path
from uuid import UUID, uuid4

import jwt

from schemas.claims import ALGORITHM, AUDIENCE

_HOUR = 3_600


class TokenMint:
    """Mints access tokens as the gateway of an embedded stack would."""

    def __init__(self, data: Path) -> None:
        self._key = (data / "secrets" / "auth-private.pem").read_bytes()

    def token(
        self, user_id: UUID | None = None, name: str = "Bench", *, seconds: int = _HOUR
    ) -> str:
        """Return an access token of this user, or of a new one; it holds for so many seconds."""
        now = int(time.time())
        claims = {
            "sub": str(user_id or uuid4()),
            "email": "bench@example.org",
            "name": name,
            "role": "user",
            "permissions": [],
            "iat": now,
            "exp": now + seconds,
            "iss": "parley",
            "aud": AUDIENCE,
        }
        return jwt.encode(claims, self._key, ALGORITHM)
