"""Keeps the library on what editors have published: reads their events, takes documents in."""

import asyncio

import structlog

from consumers.nlp.service.following import EventLog
from consumers.nlp.service.library import Library
from runtime.clock import HybridLogicalClock
from schemas.events.knowledge import DocumentEvent

logger = structlog.get_logger(__name__)


class DocumentReader:
    """Reads the topic of documents; until it has, the folder's snippets answer alone."""

    def __init__(self, log: EventLog, library: Library, clock: HybridLogicalClock) -> None:
        self._log = log
        self._library = library
        self._clock = clock

    @property
    def caught_up(self) -> bool:
        """See `consumers.nlp.service.following.Reader`."""
        return self._log.caught_up

    async def read(self) -> None:
        """Take in what comes next.

        Raises:
            RetryableError: the broker is away.
        """
        for event in await self._log.poll():
            self._clock.observe(event.occurred_at)
            if not isinstance(event, DocumentEvent):
                continue
            # Embedding takes milliseconds a section, in a thread that no message waits for.
            if await asyncio.to_thread(self._library.take, event):
                logger.info(
                    "document_taken_in",
                    document_id=event.document_id,
                    version=event.version,
                    documents=self._library.version,
                )
