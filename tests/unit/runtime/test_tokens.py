"""Only our own, unexpired access tokens open anything."""

import time
from itertools import repeat
from pathlib import Path
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from runtime.errors import ConfigurationError
from runtime.tokens import AccessTokenVerifier, InvalidTokenError, load_public_key

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
VERIFIER = AccessTokenVerifier(KEY.public_key(), "parley")


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    return {
        "sub": str(uuid4()), "email": "ada@example.org", "name": "Ada", "role": "user",
        "permissions": [], "iat": now, "exp": now + 60, "iss": "parley", "aud": "parley",
        **changes,
    }  # fmt: skip


def test_a_good_token_tells_its_claims() -> None:
    """Everything the edge needs is in it."""
    told = VERIFIER.verify(jwt.encode(claims(), KEY, "ES256"))
    assert (told.name, told.role, told.email) == ("Ada", "user", "ada@example.org")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x.y.z",
        jwt.encode(claims(), OTHER, "ES256"),
        jwt.encode(claims(), "secret" * 8, "HS256"),
        jwt.encode(claims(), "", "none"),
        jwt.encode(claims(aud="other"), KEY, "ES256"),
        jwt.encode(claims(iss="other"), KEY, "ES256"),
        jwt.encode(claims(exp=int(time.time()) - 60), KEY, "ES256"),
        jwt.encode(claims(sub="not-a-uuid"), KEY, "ES256"),
        jwt.encode({k: v for k, v in claims().items() if k != "exp"}, KEY, "ES256"),
    ],
    ids=[
        "empty", "garbage", "foreign key", "symmetric", "unsigned", "audience", "issuer",
        "expired", "subject", "without expiry",
    ],
)  # fmt: skip
def test_any_other_token_is_refused(token: str) -> None:
    """With one error, whose text gives nothing away."""
    with pytest.raises(InvalidTokenError):
        VERIFIER.verify(token)


def test_the_key_is_read_from_either_half(tmp_path: Path) -> None:
    """The gateway has the private file, the edge the public one."""
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    private.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(
        KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    assert load_public_key(private) == load_public_key(public) == KEY.public_key()


def test_a_missing_or_broken_key_is_told_by_its_path(tmp_path: Path) -> None:
    """The operator learns which file to mend."""
    broken = tmp_path / "broken.pem"
    broken.write_text("nonsense")
    for path in (broken, tmp_path / "absent.pem"):
        with pytest.raises(ConfigurationError, match=path.name):
            load_public_key(path)


def test_the_servers_time_decides_and_not_the_machines() -> None:
    """A machine that is a day ahead or behind lets the same people in."""
    token = jwt.encode(claims(), KEY, "ES256")
    now = time.time()
    for late, good in ((0, True), (59, True), (66, False), (-4, True), (-60, False)):
        verifier = AccessTokenVerifier(KEY.public_key(), "parley", now=repeat(now + late).__next__)
        if good:
            assert verifier.verify(token).name == "Ada"
        else:
            with pytest.raises(InvalidTokenError):
                verifier.verify(token)
