"""Puts persistence together."""

from consumers.delivery.view import run_view
from consumers.persistence.adapters import PostgresArchive
from consumers.persistence.handlers import History
from consumers.persistence.settings import PersistenceSettings

NAME = "persistence"


def projection() -> History:
    """Return what the consumer makes of events, on PostgreSQL."""
    return History(PostgresArchive)


async def serve(settings: PersistenceSettings) -> None:
    """Keep the view until told to stop."""
    await run_view(NAME, settings, projection())
