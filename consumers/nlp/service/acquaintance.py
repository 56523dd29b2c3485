"""Keeps what is known of people on what personalization tells."""

import asyncio
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import structlog

from consumers.nlp.service.follower import RETRY_SECONDS
from consumers.nlp.service.people import People
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.profiles import ProfileUpdated

logger = structlog.get_logger(__name__)


class ProfileLog(Protocol):
    """The topic of profiles, which every replica reads whole, from its first record on."""

    @property
    def caught_up(self) -> bool:
        """Whether everything that stood there at the start has been read."""
        ...

    async def poll(self) -> Sequence[tuple[UUID, ProfileUpdated | None]]:
        """
        Return what comes next, a person's in order; None takes a profile back.

        Raises:
            RetryableError: the broker is away; the next call goes on where this one would have.
        """
        ...


class Acquaintance:
    """Follows profiles; until it has, people are answered by what they write alone."""

    def __init__(self, log: ProfileLog, people: People, clock: HybridLogicalClock) -> None:
        self._log = log
        self._people = people
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
                logger.warning("profiles_not_followed", error=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _read(self) -> None:
        told = await self._log.poll()
        for _, profile in told:
            if profile is not None:
                self._clock.observe(profile.occurred_at)
        self._people.take(told)
