"""Puts analytics together."""

from consumers.analytics.adapters import PostgresCounts
from consumers.analytics.handlers import HourlyCounts
from consumers.analytics.settings import AnalyticsSettings
from consumers.delivery.counted import CountedEvents
from consumers.delivery.view import run_view
from schemas.topics import group_of

NAME = "analytics"


def projection() -> HourlyCounts:
    """Return what the consumer makes of events, on PostgreSQL."""
    return HourlyCounts(CountedEvents(group_of(NAME)), PostgresCounts)


async def serve(settings: AnalyticsSettings) -> None:
    """Keep the view until told to stop."""
    await run_view(NAME, settings, projection())
