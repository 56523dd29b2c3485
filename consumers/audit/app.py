"""Puts audit together."""

from consumers.audit.adapters import PostgresAuditLog
from consumers.audit.handlers import AdminLog
from consumers.audit.settings import AuditSettings
from consumers.delivery.view import run_view

NAME = "audit"


def projection() -> AdminLog:
    """Return what the consumer makes of events, on PostgreSQL."""
    return AdminLog(PostgresAuditLog)


async def serve(settings: AuditSettings) -> None:
    """Keep the view until told to stop."""
    await run_view(NAME, settings, projection())
