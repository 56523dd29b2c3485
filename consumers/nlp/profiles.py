"""Puts a replica's knowledge of people together: following their profiles."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from consumers.delivery.background import kept_going
from consumers.nlp.adapters.profile_log import KafkaProfileLog
from consumers.nlp.service.acquaintance import Acquaintance
from consumers.nlp.service.people import People
from consumers.nlp.settings import NlpSettings
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.topics import Topic

# A profile makes an answer better, never possible: nobody waits long for all of them.
CATCH_UP_SECONDS = 10.0

logger = structlog.get_logger(__name__)


@asynccontextmanager
async def following_profiles(
    settings: NlpSettings, people: People, clock: HybridLogicalClock
) -> AsyncIterator[None]:
    """Know what personalization tells of people while the block runs."""
    log = KafkaProfileLog(settings.kafka, f"nlp-profiles-{settings.instance}", Topic.USER_PROFILES)
    acquaintance = Acquaintance(log, people, clock)
    try:
        async with asyncio.timeout(CATCH_UP_SECONDS):
            await acquaintance.catch_up()
    except (RetryableError, TimeoutError):
        logger.warning("profiles_not_read_yet")
    following = asyncio.create_task(kept_going(acquaintance.run))
    try:
        yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await log.close()
