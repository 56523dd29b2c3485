"""What persistence is told."""

from datetime import timedelta

from consumers.delivery.settings import DeliverySettings, ProjectionSettings


class HistoryDeliverySettings(DeliverySettings):
    """A reload should find what was just said."""

    patience: timedelta = timedelta(milliseconds=100)


class PersistenceSettings(ProjectionSettings):
    """Its database address carries its own role, which may write its own tables only."""

    delivery: DeliverySettings = HistoryDeliverySettings()
