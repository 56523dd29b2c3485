"""Keeps what is known of people on what personalization tells."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from consumers.nlp.service.people import People
from runtime.clock import HybridLogicalClock
from schemas.events.profiles import ProfileUpdated


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

    @property
    def caught_up(self) -> bool:
        """See `consumers.nlp.service.following.Reader`."""
        return self._log.caught_up

    async def read(self) -> None:
        """Take in what comes next.

        Raises:
            RetryableError: the broker is away.
        """
        told = await self._log.poll()
        for _, profile in told:
            if profile is not None:
                self._clock.observe(profile.occurred_at)
        self._people.take(told)
