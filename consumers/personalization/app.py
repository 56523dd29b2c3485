"""Puts personalization together: learning from the log, and telling others what is known."""

import asyncio
from contextlib import AbstractAsyncContextManager
from functools import partial

import structlog
from aiokafka.errors import KafkaError

from consumers.delivery.background import kept_going_beside
from consumers.delivery.counted import CountedEvents
from consumers.delivery.database import Database
from consumers.delivery.settings import ProjectionSettings
from consumers.delivery.view import run_view
from consumers.personalization.adapters.log_ends import read_ends
from consumers.personalization.adapters.profiles import PostgresProfiles
from consumers.personalization.adapters.tellings import PostgresTellings
from consumers.personalization.handlers import UserProfiles
from consumers.personalization.service.telling import Teller
from consumers.personalization.settings import PersonalizationSettings
from producers.kafka import KafkaEventPublisher
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.topics import group_of

NAME = "personalization"
RETRY_SECONDS = 5.0

logger = structlog.get_logger(__name__)


def projection() -> UserProfiles:
    """Return what the consumer makes of events, on PostgreSQL."""
    return UserProfiles(CountedEvents(group_of(NAME)), PostgresProfiles)


async def serve(settings: PersonalizationSettings) -> None:
    """Keep the view, and tell of it, until told to stop."""
    clock = HybridLogicalClock()
    async with telling(settings, clock):
        await run_view(NAME, settings, projection(), clock=clock)


def telling(
    settings: ProjectionSettings, clock: HybridLogicalClock
) -> AbstractAsyncContextManager[None]:
    """Tell others of changed profiles while the block runs."""
    return kept_going_beside(partial(_tell, settings, clock))


async def _tell(settings: ProjectionSettings, clock: HybridLogicalClock) -> None:
    """Tell until cancelled; a broker or a database that is away is waited for."""
    database = Database(settings.database_url.get_secret_value())
    try:
        while True:
            try:
                await _tell_connected(settings, clock, database)
            except (KafkaError, RetryableError) as error:
                logger.warning("cannot_tell_yet", error=str(error) or type(error).__name__)
            await asyncio.sleep(RETRY_SECONDS)
    finally:
        await database.close()


async def _tell_connected(
    settings: ProjectionSettings, clock: HybridLogicalClock, database: Database
) -> None:
    client_id = f"{NAME}-ends-{settings.instance}"
    ends = await read_ends(settings.kafka, client_id, NAME)
    async with KafkaEventPublisher(
        settings.kafka, process=NAME, instance=settings.instance
    ) as publisher:
        await publisher.read_clock()
        await Teller(PostgresTellings(database, group_of(NAME), ends), publisher, clock).run()
