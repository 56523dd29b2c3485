"""Settings every process shares; the environment is read here and in each process's subclass."""

import socket
from datetime import timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=1, le=65535)]


class LogFormat(StrEnum):
    """How log lines are written."""

    JSON = "json"
    CONSOLE = "console"


class Section(BaseModel):
    """A nested part of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class KafkaSettings(Section):
    """Where the log is and how it is kept."""

    bootstrap_servers: str = "127.0.0.1:9092"
    replication: Annotated[int, Field(ge=1, le=5)] = 1
    publish_deadline: timedelta = timedelta(seconds=5)


class LogSettings(Section):
    """What is logged, and in which form."""

    level: str = "INFO"
    format: LogFormat = LogFormat.JSON
    trail_every: Annotated[int, Field(ge=0)] = 100
    """One message in so many is logged at every hop, with all that follows from it; 0 is none."""


class HealthSettings(Section):
    """Where a consumer answers probes and scrapes."""

    host: str = "127.0.0.1"
    port: Port = 8100


class HttpSettings(Section):
    """Where an HTTP process listens."""

    host: str = "127.0.0.1"
    port: Port = 8000


AnswerWithin = Annotated[timedelta, Field(gt=timedelta(0))]
"""How long after a question an answer is still worth giving."""
ANSWER_WITHIN = timedelta(seconds=60)


class ProcessSettings(BaseSettings):
    """What each process reads from `PARLEY_*`; nested names are joined by two underscores."""

    model_config = SettingsConfigDict(
        env_prefix="PARLEY_",
        env_nested_delimiter="__",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    instance: str = Field(default_factory=socket.gethostname)
    kafka: KafkaSettings = KafkaSettings()
    log: LogSettings = LogSettings()
