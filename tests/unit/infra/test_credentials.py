"""Secrets: made once, kept private, never printed."""

from pathlib import Path

import jwt

from infra.embedded.credentials import load_or_create
from infra.embedded.folder import DataFolder


def folder_at(path: Path) -> DataFolder:
    folder = DataFolder.at(path)
    folder.create()
    return folder


def test_secrets_are_made_once(tmp_path: Path) -> None:
    """The second start finds those of the first."""
    folder = folder_at(tmp_path)
    assert load_or_create(folder) == load_or_create(folder)


def test_every_secret_differs(tmp_path: Path) -> None:
    """No two roles share a password, no two folders share anything."""
    one = load_or_create(folder_at(tmp_path / "one"))
    two = load_or_create(folder_at(tmp_path / "two"))
    words = [
        word
        for made in (one, two)
        for word in (*made.role_passwords.values(), made.owner_password, made.internal_token)
    ]
    assert len(set(words)) == len(words)


def test_only_the_owner_reads_them(tmp_path: Path) -> None:
    """Neither the folder nor a file in it opens for anybody else."""
    folder = folder_at(tmp_path)
    load_or_create(folder)
    for path in (folder.secrets, *folder.secrets.iterdir()):
        assert path.stat().st_mode & 0o077 == 0


def test_the_keys_are_a_pair(tmp_path: Path) -> None:
    """What the private key signs, the public key accepts."""
    made = load_or_create(folder_at(tmp_path))
    token = jwt.encode({"sub": "x"}, made.private_key_file.read_text(), algorithm="ES256")
    key = made.public_key_file.read_text()
    assert jwt.decode(token, key, algorithms=["ES256"]) == {"sub": "x"}


def test_they_are_not_in_a_representation(tmp_path: Path) -> None:
    """A log line or a traceback that shows the object shows no secret."""
    made = load_or_create(folder_at(tmp_path))
    assert made.owner_password not in repr(made)
