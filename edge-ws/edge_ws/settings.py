"""What the edge reads from its environment."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from limits import parse
from pydantic import AfterValidator, Field, SecretStr

from runtime.settings import ANSWER_WITHIN, AnswerWithin, HttpSettings, ProcessSettings, Section


class AuthSettings(Section):
    """How access tokens are checked."""

    public_key_file: Path
    issuer: str = "parley"
    access_minutes: Annotated[int, Field(ge=1, le=24 * 60)] = 15
    """The gateway's: a revocation matters for as long as a token lives."""

    @property
    def access_lifetime(self) -> timedelta:
        """How long an access token is good."""
        return timedelta(minutes=self.access_minutes)


def _rate(value: str) -> str:
    parse(value)
    return value


Rate = Annotated[str, AfterValidator(_rate)]
"""As the library `limits` writes them: "30/minute"."""


class LimitSettings(Section):
    """How much one user and one address may ask of one edge."""

    connections_per_user: Annotated[int, Field(ge=1)] = 20
    connections_per_address: Annotated[int, Field(ge=1)] = 1_000
    frames: Rate = "200/second"
    """Per user, over all their sockets."""
    frames_per_address: Rate = "2000/second"
    """Of all users behind one address; this machine's own are not limited."""
    refusals: Rate = "500/minute"
    """So many frames over the limit are answered before the socket is closed."""


class RingSettings(Section):
    """How much of the log stays in memory for those who come back."""

    age: timedelta = timedelta(minutes=5)
    lookback: timedelta = timedelta(seconds=60)
    """How far back a new edge reads, so that a restart looks like a short pause to its clients."""
    total_bytes: Annotated[int, Field(ge=1)] = 64 * 1024 * 1024


class ResumeSettings(Section):
    """How much is read again from the log for who comes back; beyond it they fetch the history."""

    records: Annotated[int, Field(ge=0)] = 50_000
    """Of one log, from where the client stopped to where the ring begins; everybody's count."""
    bytes: Annotated[int, Field(ge=1)] = 1024 * 1024
    """Of the one conversation."""
    wait: timedelta = timedelta(seconds=8)


class DrainSettings(Section):
    """How sockets are sent away before the process stops.

    Short by default, because who is sent away early waits for who is sent away last: a single edge
    is back only when the whole drain is over, and a supervisor that stops it gives it 15 seconds in
    all. Behind several edges 10 seconds and more spare the others a crowd; each socket is away for
    a second at most (`hub.AWAY_SECONDS`) all the same.
    """

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
    resume: ResumeSettings = ResumeSettings()
    drain: DrainSettings = DrainSettings()
    limits: LimitSettings = LimitSettings()
    answer_within: AnswerWithin = ANSWER_WITHIN
    """Who asks is told after this long that no answer came, and none is worked out any more."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses whose X-Forwarded-For is believed; nobody's by default."""
