"""Checks access tokens with the public key alone: whoever verifies cannot mint."""

from typing import TYPE_CHECKING

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from pydantic import ValidationError

from runtime.clock import server_seconds
from runtime.errors import ConfigurationError, ParleyError
from schemas.claims import ALGORITHM, AUDIENCE, AccessClaims

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from jwt.types import Options

_CLOCK_SKEW_SECONDS = 5
_OPTIONS: "Options" = {
    "require": ["exp", "iat", "sub", "aud", "iss"],
    "verify_exp": False,
    "verify_iat": False,
}


class InvalidTokenError(ParleyError):
    """The token is not ours, has expired, or says something we do not understand."""


def load_public_key(path: "Path") -> EllipticCurvePublicKey:
    """Read a public key from a PEM file that holds it or its private key.

    Raises:
        ConfigurationError: there is no such file, or it holds no P-256 key.
    """
    try:
        pem = path.read_bytes()
        key = (
            load_pem_private_key(pem, password=None).public_key()
            if b"PRIVATE KEY" in pem
            else load_pem_public_key(pem)
        )
    except (OSError, ValueError) as error:
        msg = f"cannot read the token key {path}: {error}"
        raise ConfigurationError(msg) from error
    if not isinstance(key, EllipticCurvePublicKey):
        msg = f"{path} holds no elliptic curve key; {ALGORITHM} needs one on P-256"
        raise ConfigurationError(msg)
    return key


class AccessTokenVerifier:
    """Reads the claims of access tokens of one issuer."""

    def __init__(
        self,
        key: EllipticCurvePublicKey,
        issuer: str,
        *,
        now: "Callable[[], float]" = server_seconds,
    ) -> None:
        self._key = key
        self._issuer = issuer
        self._now = now

    def verify(self, token: str) -> AccessClaims:
        """Return the claims of a token that is ours and has not expired.

        Raises:
            InvalidTokenError: it is anything else; the text is safe to show.
        """
        try:
            claims = jwt.decode(
                token,
                self._key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=self._issuer,
                options=_OPTIONS,
            )
            return self._timely(AccessClaims.model_validate(claims))
        except (jwt.InvalidTokenError, ValidationError) as error:
            msg = "the access token is not valid"
            raise InvalidTokenError(msg) from error

    def _timely(self, claims: AccessClaims) -> AccessClaims:
        # Here and not in PyJWT, which asks the machine's own clock.
        now = self._now()
        if claims.exp <= now - _CLOCK_SKEW_SECONDS:
            msg = "the access token has expired"
            raise InvalidTokenError(msg)
        if claims.iat > now + _CLOCK_SKEW_SECONDS:
            msg = "the access token is not valid"
            raise InvalidTokenError(msg)
        return claims
