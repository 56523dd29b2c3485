"""Puts a replica's part in the editors' documents together: following their topic."""

from contextlib import AbstractAsyncContextManager

from consumers.nlp.adapters.event_log import KafkaEventLog
from consumers.nlp.followed import followed
from consumers.nlp.service.documents import DocumentReader
from consumers.nlp.service.library import Library
from consumers.nlp.settings import NlpSettings
from runtime.clock import HybridLogicalClock
from schemas.topics import Topic

CATCH_UP_SECONDS = 30.0


def following_documents(
    settings: NlpSettings, library: Library, clock: HybridLogicalClock
) -> AbstractAsyncContextManager[None]:
    """Answer with what editors have published while the block runs."""
    topic = Topic.KNOWLEDGE
    log = KafkaEventLog(settings.kafka, f"nlp-documents-{settings.instance}", topic)
    reader = DocumentReader(log, library, clock)
    return followed(topic, log, reader, patience=CATCH_UP_SECONDS)
