"""Puts personalization together."""

from consumers.delivery.counted import CountedEvents
from consumers.delivery.view import run_view
from consumers.personalization.adapters import PostgresProfiles
from consumers.personalization.handlers import UserProfiles
from consumers.personalization.settings import PersonalizationSettings
from schemas.topics import group_of

NAME = "personalization"


def projection() -> UserProfiles:
    """Return what the consumer makes of events, on PostgreSQL."""
    return UserProfiles(CountedEvents(group_of(NAME)), PostgresProfiles)


async def serve(settings: PersonalizationSettings) -> None:
    """Keep the view until told to stop."""
    await run_view(NAME, settings, projection())
