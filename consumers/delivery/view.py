"""Runs a consumer whose only effect is a view in the database."""

from consumers.delivery.app import run_consumer
from consumers.delivery.database import Database
from consumers.delivery.projection import PostgresOffsets, Projection
from consumers.delivery.settings import ProjectionSettings
from runtime.clock import HybridLogicalClock
from schemas.topics import group_of


async def run_view(
    name: str,
    settings: ProjectionSettings,
    projection: Projection,
    clock: HybridLogicalClock | None = None,
) -> None:
    """Keep the view until told to stop; `clock` observes every event."""
    database = Database(settings.database_url.get_secret_value())
    keeper = PostgresOffsets(database, group_of(name), projection)
    try:
        await run_consumer(name=name, settings=settings, handler=keeper, clock=clock)
    finally:
        await database.close()
