"""Puts a replica's memory of hand-overs together: following their changelog."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import structlog

from consumers.delivery.background import kept_going
from consumers.nlp.adapters.event_log import KafkaMeasuredLog
from consumers.nlp.service.handover_follower import HandoverFollower
from consumers.nlp.service.handovers import Handovers
from consumers.nlp.settings import NlpSettings
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.topics import Topic

logger = structlog.get_logger(__name__)


@asynccontextmanager
async def following_handovers(
    settings: NlpSettings,
    handovers: Handovers,
    clock: HybridLogicalClock,
    handed: Callable[[UUID], None],
) -> AsyncIterator[HandoverFollower]:
    """Know who handles which conversation while the block runs."""
    log = KafkaMeasuredLog(
        settings.kafka, f"nlp-handovers-{settings.instance}", Topic.CONVERSATION_HANDOVERS
    )
    follower = HandoverFollower(log, handovers, clock, handed)
    try:
        # What is behind the first records is waited for when partitions are assigned.
        await follower.read()
    except RetryableError:
        logger.warning("handovers_not_read_yet")
    following = asyncio.create_task(kept_going(follower.run))
    try:
        yield follower
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
        await log.close()
