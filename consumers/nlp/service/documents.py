"""Keeps the library on what editors have published: reads their events, takes documents in."""

import asyncio

import structlog

from consumers.nlp.service.follower import RETRY_SECONDS, EventLog
from consumers.nlp.service.library import Library
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.knowledge import DocumentEvent

logger = structlog.get_logger(__name__)


class DocumentFollower:
    """Follows the topic of documents; until it has, the folder's snippets answer alone."""

    def __init__(self, log: EventLog, library: Library, clock: HybridLogicalClock) -> None:
        self._log = log
        self._library = library
        self._clock = clock

    async def catch_up(self) -> None:
        """Read the whole log once.

        Raises:
            RetryableError: the broker is away.
        """
        while not self._log.caught_up:
            await self._read()

    async def run(self) -> None:
        """Follow until cancelled."""
        while True:
            try:
                await self._read()
            except RetryableError as error:
                logger.warning("documents_not_followed", error=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _read(self) -> None:
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
