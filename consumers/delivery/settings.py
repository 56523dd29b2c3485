"""Settings that every consumer shares."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, SecretStr

from runtime.settings import HealthSettings, ProcessSettings, Section


class RetrySettings(Section):
    """How often a record whose own work failed is tried again, and how many may wait for it."""

    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    """Tries after the first; then it is dead-lettered."""
    first: timedelta = timedelta(seconds=1)
    """The pause before the first of them; each next one is twice as long."""
    longest: timedelta = timedelta(seconds=30)
    per_key: Annotated[int, Field(ge=1)] = 100
    """More than so many records of one key behind one that failed: it is tried once more only."""
    total: Annotated[int, Field(ge=1)] = 2_000
    """With more than so many parked the consumer reads nothing new: that is an outage."""


class DeliverySettings(Section):
    """How the loop paces itself."""

    max_records: Annotated[int, Field(ge=1, le=5_000)] = 500
    commit_every: timedelta = timedelta(milliseconds=150)
    stalled_after: timedelta = timedelta(seconds=50)
    """Records waiting and no movement, or no partitions given, for this long fails the liveness
    probe; looked at every five seconds."""
    stop_deadline: timedelta = timedelta(seconds=15)
    retry: RetrySettings = RetrySettings()
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
