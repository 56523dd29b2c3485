"""Puts persistence together."""

from consumers.delivery.view import run_view
from consumers.persistence.handlers import History
from consumers.persistence.settings import PersistenceSettings

NAME = "persistence"


async def serve(settings: PersistenceSettings) -> None:
    """Keep the view until told to stop."""
    await run_view(NAME, settings, History())
