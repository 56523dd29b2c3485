"""Settings that every consumer shares."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, SecretStr

from runtime.settings import HealthSettings, ProcessSettings, Section


class DeliverySettings(Section):
    """How the loop paces itself."""

    max_records: Annotated[int, Field(ge=1, le=5_000)] = 500
    commit_every: timedelta = timedelta(milliseconds=150)
    stalled_after: timedelta = timedelta(seconds=60)
    """Records waiting and no movement for this long fails the liveness probe."""
    stop_deadline: timedelta = timedelta(seconds=15)
    patience: timedelta = timedelta(0)
    """How long the broker may gather records before it answers; zero where a person waits."""


class ConsumerSettings(ProcessSettings):
    """What each consumer reads from `PARLEY_*`."""

    health: HealthSettings = HealthSettings()
    delivery: DeliverySettings = DeliverySettings()

    @classmethod
    def from_environment(cls) -> Self:
        """Read `PARLEY_*`; the constructor's required arguments come from there."""
        return cls.model_validate({})


class ViewDeliverySettings(DeliverySettings):
    """Nobody waits for a view: fewer, larger batches cost broker, database and consumer less."""

    patience: timedelta = timedelta(milliseconds=500)


class ProjectionSettings(ConsumerSettings):
    """A consumer that keeps its view in the database, under a role of its own."""

    database_url: SecretStr
    delivery: DeliverySettings = ViewDeliverySettings()
