"""What personalization is told."""

from consumers.delivery.settings import ProjectionSettings


class PersonalizationSettings(ProjectionSettings):
    """Its database address carries its own role, which may write its own tables only."""
