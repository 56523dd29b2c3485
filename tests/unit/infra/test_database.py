"""What the migration job is told."""

import pytest
from pydantic import ValidationError

from infra.database.settings import DatabaseSettings

NAMES = ("GATEWAY", "PERSISTENCE", "PERSONALIZATION", "ANALYTICS", "AUDIT")


def test_passwords_come_by_role(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable becomes the password of the role with its name."""
    monkeypatch.setenv("PARLEY_DATABASE_ADMIN_URL", "postgresql://parley:x@127.0.0.1/parley")
    for name in NAMES:
        monkeypatch.setenv(f"PARLEY_DATABASE_PASSWORDS__{name}", f"{name}-word")
    by_role = DatabaseSettings.from_environment().database_passwords.by_role()
    shown = {role: word.get_secret_value() for role, word in by_role.items()}
    assert shown == {f"parley_{name.lower()}": f"{name}-word" for name in NAMES}


def test_a_missing_password_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """No role is ever made with an empty password."""
    monkeypatch.setenv("PARLEY_DATABASE_ADMIN_URL", "postgresql://parley:x@127.0.0.1/parley")
    monkeypatch.setenv("PARLEY_DATABASE_PASSWORDS__GATEWAY", "word")
    with pytest.raises(ValidationError, match="persistence"):
        DatabaseSettings.from_environment()
