"""Has a replica follow a topic beside its work: first what stands there, then what comes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Protocol

import structlog

from consumers.delivery.background import kept_going_beside
from consumers.nlp.service.following import Reader, follow
from schemas.topics import Topic

logger = structlog.get_logger(__name__)


class Closing(Protocol):
    """A connection."""

    async def close(self) -> None:
        """Let go of it."""
        ...


@asynccontextmanager
async def followed(
    topic: Topic, log: Closing, reader: Reader, *, patience: float
) -> AsyncIterator[None]:
    """
    Follow while the block runs, which begins after `patience` seconds at the latest.

    People wait: what has not been read by then is taken in beside the answers.
    """
    known = asyncio.Event()
    try:
        async with kept_going_beside(lambda: follow(reader, topic, known)):
            # Reading is not cut off: what it has in its hands would be lost.
            with suppress(TimeoutError):
                await asyncio.wait_for(known.wait(), patience)
            if not reader.caught_up:
                logger.warning("topic_not_read_yet", topic=topic)
            yield
    finally:
        await log.close()
