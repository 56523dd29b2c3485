"""What audit is told."""

from consumers.delivery.settings import ProjectionSettings


class AuditSettings(ProjectionSettings):
    """Its database address carries its own role, which may write its own tables only."""
