"""What persistence is told."""

from consumers.delivery.settings import ProjectionSettings


class PersistenceSettings(ProjectionSettings):
    """Its database address carries its own role, which may write its own tables only."""
