"""Puts a replica's memory of hand-overs together: following their changelog."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from consumers.nlp.adapters.event_log import KafkaMeasuredLog
from consumers.nlp.followed import followed
from consumers.nlp.service.handover_follower import HandoverFollower
from consumers.nlp.service.handovers import Handovers
from consumers.nlp.settings import NlpSettings
from runtime.clock import HybridLogicalClock
from schemas.topics import Topic

# What is behind that is waited for when partitions are assigned.
CATCH_UP_SECONDS = 10.0


@asynccontextmanager
async def following_handovers(
    settings: NlpSettings,
    handovers: Handovers,
    clock: HybridLogicalClock,
    handed: Callable[[UUID], None],
) -> AsyncIterator[HandoverFollower]:
    """Know who handles which conversation while the block runs."""
    topic = Topic.CONVERSATION_HANDOVERS
    log = KafkaMeasuredLog(settings.kafka, f"nlp-handovers-{settings.instance}", topic)
    follower = HandoverFollower(log, handovers, clock, handed)
    async with followed(topic, log, follower, patience=CATCH_UP_SECONDS):
        yield follower
