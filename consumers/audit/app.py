"""Puts audit together."""

from consumers.audit.handlers import AdminLog
from consumers.audit.settings import AuditSettings
from consumers.delivery.view import run_view

NAME = "audit"


async def serve(settings: AuditSettings) -> None:
    """Keep the view until told to stop."""
    await run_view(NAME, settings, AdminLog())
