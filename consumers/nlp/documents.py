"""Puts a replica's part in the editors' documents together: following their topic."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from consumers.delivery.background import kept_going
from consumers.nlp.adapters.event_log import KafkaEventLog
from consumers.nlp.service.documents import DocumentFollower
from consumers.nlp.service.library import Library
from consumers.nlp.settings import NlpSettings
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.topics import Topic

CATCH_UP_SECONDS = 30.0

logger = structlog.get_logger(__name__)


@asynccontextmanager
async def following_documents(
    settings: NlpSettings, library: Library, clock: HybridLogicalClock
) -> AsyncIterator[None]:
    """Answer with what editors have published while the block runs."""
    log = KafkaEventLog(settings.kafka, f"nlp-documents-{settings.instance}", Topic.KNOWLEDGE)
    follower = DocumentFollower(log, library, clock)
    try:
        async with asyncio.timeout(CATCH_UP_SECONDS):
            await follower.catch_up()
    except (RetryableError, TimeoutError):
        # People wait: the rest is taken in beside the answers.
        logger.warning("documents_not_read_yet")
    following = asyncio.create_task(kept_going(follower.run))
    try:
        yield
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await log.close()
