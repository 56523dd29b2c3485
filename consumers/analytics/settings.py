"""What analytics is told."""

from consumers.delivery.settings import ProjectionSettings


class AnalyticsSettings(ProjectionSettings):
    """Its database address carries its own role, which may write its own tables only."""
