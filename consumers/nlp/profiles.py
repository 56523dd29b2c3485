"""Puts a replica's knowledge of people together: following their profiles."""

from contextlib import AbstractAsyncContextManager

from consumers.nlp.adapters.profile_log import KafkaProfileLog
from consumers.nlp.followed import followed
from consumers.nlp.service.acquaintance import Acquaintance
from consumers.nlp.service.people import People
from consumers.nlp.settings import NlpSettings
from runtime.clock import HybridLogicalClock
from schemas.topics import Topic

# A profile makes an answer better, never possible: nobody waits long for all of them.
CATCH_UP_SECONDS = 10.0


def following_profiles(
    settings: NlpSettings, people: People, clock: HybridLogicalClock
) -> AbstractAsyncContextManager[None]:
    """Know what personalization tells of people while the block runs."""
    topic = Topic.USER_PROFILES
    log = KafkaProfileLog(settings.kafka, f"nlp-profiles-{settings.instance}", topic)
    acquaintance = Acquaintance(log, people, clock)
    return followed(topic, log, acquaintance, patience=CATCH_UP_SECONDS)
