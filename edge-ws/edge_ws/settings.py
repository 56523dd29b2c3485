"""What the edge reads from its environment."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr

from runtime.settings import HttpSettings, ProcessSettings, Section


class AuthSettings(Section):
    """How access tokens are checked."""

    public_key_file: Path
    issuer: str = "parley"


class RingSettings(Section):
    """How much of the log stays in memory for those who come back."""

    age: timedelta = timedelta(minutes=5)
    lookback: timedelta = timedelta(seconds=60)
    """How far back a new edge reads, so that a restart looks like a short pause to its clients."""
    total_bytes: Annotated[int, Field(ge=1)] = 64 * 1024 * 1024


class DrainSettings(Section):
    """How sockets are sent away before the process stops."""

    spread: timedelta = timedelta(seconds=1)
    batches: Annotated[int, Field(ge=1)] = 20


class EdgeSettings(ProcessSettings):
    """The edge's settings."""

    http: HttpSettings = HttpSettings(port=8001)
    valkey_url: SecretStr = SecretStr("redis://127.0.0.1:6390/0")
    auth: AuthSettings
    internal_token: SecretStr
    gateway_url: str = "http://127.0.0.1:8000"
    allowed_origins: frozenset[str] = frozenset()
    ring: RingSettings = RingSettings()
    drain: DrainSettings = DrainSettings()
