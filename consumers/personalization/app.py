"""Puts personalization together."""

from consumers.delivery.counted import CountedEvents
from consumers.delivery.view import run_view
from consumers.personalization.handlers import UserProfiles
from consumers.personalization.settings import PersonalizationSettings
from schemas.topics import group_of

NAME = "personalization"


async def serve(settings: PersonalizationSettings) -> None:
    """Keep the view until told to stop."""
    await run_view(NAME, settings, UserProfiles(CountedEvents(group_of(NAME))))
