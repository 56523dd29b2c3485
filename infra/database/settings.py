"""What the migration job is told."""

from typing import Self

from pydantic import BaseModel, ConfigDict, SecretStr

from runtime.settings import ProcessSettings


class RolePasswords(BaseModel):
    """One password per process; the role's name is `parley_<field>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gateway: SecretStr
    persistence: SecretStr
    personalization: SecretStr
    analytics: SecretStr
    audit: SecretStr

    def by_role(self) -> dict[str, SecretStr]:
        """Return role name to password."""
        return {f"parley_{name}": getattr(self, name) for name in type(self).model_fields}


class DatabaseSettings(ProcessSettings):
    """Where the owner connects, and what the roles' passwords shall be."""

    database_admin_url: SecretStr
    database_passwords: RolePasswords

    @classmethod
    def from_environment(cls) -> Self:
        """Read `PARLEY_*`; the constructor's required arguments come from there."""
        return cls.model_validate({})
