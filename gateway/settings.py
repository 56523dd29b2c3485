"""What the gateway reads from the environment."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from limits import parse
from pydantic import AfterValidator, Field, SecretStr

from runtime.settings import (
    ANSWER_WITHIN,
    AnswerWithin,
    HttpSettings,
    ProcessSettings,
    Section,
)


def _rate(value: str) -> str:
    parse(value)
    return value


Rate = Annotated[str, AfterValidator(_rate)]
"""As the library `limits` writes them: "30/minute"."""


class AuthSettings(Section):
    """Tokens, sessions and the refresh cookie."""

    private_key_file: Path
    issuer: str = "parley"
    access_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 15
    refresh_days: Annotated[int, Field(ge=1, le=365)] = 30
    cookie_secure: bool = True

    @property
    def access_lifetime(self) -> timedelta:
        """How long an access token is good."""
        return timedelta(minutes=self.access_minutes)

    @property
    def refresh_lifetime(self) -> timedelta:
        """How long a session lives after its last refresh."""
        return timedelta(days=self.refresh_days)


class LimitSettings(Section):
    """How often; the first three per account, `address` per client address over each of them."""

    register_: Rate = Field("30/minute", alias="register")
    login: Rate = "30/minute"
    refresh: Rate = "60/minute"
    address: Rate = "600/minute"
    messages: Rate = "1200/minute"
    ai: Rate = "600/minute"


class AiSettings(Section):
    """Asking the assistant over REST."""

    deadline: timedelta = timedelta(seconds=5)
    """How long a request waits for its answer, or for the next piece of it."""
    pending: Annotated[int, Field(ge=1, le=100_000)] = 1_000
    lease: Annotated[timedelta, Field(ge=timedelta(seconds=1))] = timedelta(seconds=10)
    """How long a gateway's reply partition stays its own without a renewal."""


class GatewaySettings(ProcessSettings):
    """Everything the gateway can be told."""

    http: HttpSettings = HttpSettings()
    auth: AuthSettings
    limits: LimitSettings = LimitSettings()
    ai: AiSettings = AiSettings()
    database_url: SecretStr
    database_pool: Annotated[int, Field(ge=2, le=100)] = 10
    valkey_url: SecretStr = SecretStr("redis://127.0.0.1:6390/0")
    internal_token: Annotated[SecretStr, Field(min_length=16)]
    socket_url: str = "ws://127.0.0.1:8001/ws"
    public_url: str = "http://127.0.0.1:8000"
    webapps_dir: Path = Path("webapps/dist")
    answer_within: AnswerWithin = ANSWER_WITHIN
    """Who asks is told after this long that no answer came, and none is worked out any more."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose X-Forwarded-For is believed; nobody's by default."""

    @property
    def socket_origin(self) -> str:
        """Scheme, host and port of the socket, for the content security policy."""
        parts = urlsplit(self.socket_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def public_origin(self) -> str:
        """Scheme, host and port under which browsers see the gateway."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"
