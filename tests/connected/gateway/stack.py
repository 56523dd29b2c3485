"""What these tests use of the stack that `infra_stack` gives."""

from typing import Protocol


class InfraStack(Protocol):
    """Addresses of the running infrastructure."""

    @property
    def bootstrap_servers(self) -> str:
        """Return Kafka's."""
        ...

    @property
    def valkey_url(self) -> str:
        """Return Valkey's."""
        ...

    def kill(self, name: str) -> None:
        """Kill a process as an out-of-memory killer would; the supervisor starts it again."""
        ...

    def wait_ready(self, name: str) -> None:
        """Return when a process answers again."""
        ...

    def database_url(self, role: str | None = None) -> str:
        """Return PostgreSQL's for a role, or for the owner."""
        ...
