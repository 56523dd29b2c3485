"""Keeps what a replica knows in line with a topic that it reads whole."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog

from runtime.errors import RetryableError
from schemas.events.envelope import Event

RETRY_SECONDS = 2.0

logger = structlog.get_logger(__name__)


class EventLog(Protocol):
    """A topic that every replica reads whole, from its first record on."""

    @property
    def caught_up(self) -> bool:
        """Whether everything that stood there at the start has been read."""
        ...

    async def poll(self) -> Sequence[Event]:
        """
        Return what comes next, in order; nothing after a while when nothing comes.

        Raises:
            RetryableError: the broker is away; the next call goes on where this one would have.
        """
        ...


class Reader(Protocol):
    """Takes a topic in, step by step."""

    @property
    def caught_up(self) -> bool:
        """Whether everything that stood there at the start has been taken in."""
        ...

    async def read(self) -> None:
        """
        Take in what comes next.

        Raises:
            RetryableError: the broker is away; the next call goes on where this one would have.
        """
        ...


async def follow(reader: Reader, topic: str, known: asyncio.Event) -> None:
    """
    Take in what comes, until cancelled; a broker that is away is waited for.

    `known` is set when all that stood there has been taken in, or cannot be for now.
    """
    while True:
        try:
            await reader.read()
        except RetryableError as error:
            known.set()
            logger.warning("topic_not_followed", topic=topic, error=str(error))
            await asyncio.sleep(RETRY_SECONDS)
        if reader.caught_up:
            known.set()
