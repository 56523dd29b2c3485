"""Mints access tokens with the private key; refresh tokens are opaque and kept as digests."""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.auth.ports import Account
from runtime.errors import ConfigurationError
from schemas.claims import ALGORITHM, AUDIENCE

_SECRET_BYTES = 32


def load_private_key(path: Path) -> EllipticCurvePrivateKey:
    """Read the signing key.

    Raises:
        ConfigurationError: there is no such file, or it holds no private P-256 key.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise ConfigurationError(f"cannot read the signing key {path}: {error}") from error
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise ConfigurationError(f"{path} holds no P-256 key; {ALGORITHM} needs one")
    return key


class AccessTokenMint:
    """Makes the tokens that every process can check with the public key."""

    def __init__(self, key: EllipticCurvePrivateKey, issuer: str, lifetime: timedelta) -> None:
        self._key = key
        self._issuer = issuer
        self._lifetime = lifetime

    def mint(self, account: Account, session_id: UUID, now: datetime) -> tuple[str, datetime]:
        """Return a token for a session of an account and the time it expires."""
        expires = (now + self._lifetime).replace(microsecond=0)
        claims = {
            "sub": str(account.id),
            "email": account.email,
            "name": account.name,
            "role": account.role,
            "permissions": [],
            "iat": int(now.timestamp()),
            "exp": int(expires.timestamp()),
            "iss": self._issuer,
            "aud": AUDIENCE,
            "sid": str(session_id),
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM), expires


class RefreshTokens:
    """Names the token that follows another one; the same for everyone who asks.

    Two tabs that refresh at once, and a page that was reloaded before its answer came, all get
    the one successor. Nobody finds it without the signing key.
    """

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        raw = key.private_numbers().private_value.to_bytes(_SECRET_BYTES, "big")
        self._secret = hashlib.sha256(b"parley refresh tokens" + raw).digest()

    def successor(self, token: str) -> str:
        """Return the token that takes this one's place."""
        mac = hmac.digest(self._secret, token.encode("utf-8", "replace"), "sha256")
        return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def new_secret() -> str:
    """Return a random token of 256 bits."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def digest_of(secret: str) -> bytes:
    """Return what is kept of a random token; its entropy makes a salt needless."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()
