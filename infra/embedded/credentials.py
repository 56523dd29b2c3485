"""The stack's own secrets, made once per data folder and readable by its owner only."""

import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from infra.embedded.folder import DataFolder, write_atomically

ROLES = ("gateway", "persistence", "personalization", "analytics", "audit")


@dataclass(frozen=True, kw_only=True, repr=False)
class Credentials:
    """Everything that must not be on a command line or in a log."""

    owner_password: str
    role_passwords: dict[str, str]
    valkey_password: str
    internal_token: str
    private_key_file: Path
    public_key_file: Path


def load_or_create(folder: DataFolder) -> Credentials:
    """Read the secrets of this folder; what is missing is made now and kept."""
    home = folder.secrets
    private, public = home / "auth-private.pem", home / "auth-public.pem"
    if not (private.exists() and public.exists()):
        _write_key_pair(private, public)
    return Credentials(
        owner_password=_word(home / "database-owner"),
        role_passwords={role: _word(home / f"database-{role}") for role in ROLES},
        valkey_password=_word(home / "valkey"),
        internal_token=_word(home / "internal-token"),
        private_key_file=private,
        public_key_file=public,
    )


def _word(path: Path) -> str:
    """Return the secret in the file; url-safe, so it can stand in an address as it is."""
    if not path.exists():
        write_atomically(path, secrets.token_urlsafe(32))
    return path.read_text(encoding="utf-8")


def _write_key_pair(private: Path, public: Path) -> None:
    """Make an ES256 pair; the private half is written last, so a pair is never torn."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public_pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    write_atomically(public, public_pem.decode("ascii"))
    write_atomically(private, pem.decode("ascii"))
