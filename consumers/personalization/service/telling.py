"""Tells others of profiles that have changed: seldom, and only of what matters."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog

from consumers.personalization.ports import Tellings, Untold
from consumers.personalization.service.portrait import in_short, portrait_of
from producers.ports import EventPublisher
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.profiles import ProfileUpdated

BATCH = 200
PAUSE = timedelta(seconds=2)
LONGEST_PAUSE = timedelta(seconds=30)

logger = structlog.get_logger(__name__)


class Teller:
    """
    Publishes the state that a profile has come to, never each step to it.

    Idempotency: what was told is noted after the broker has accepted it; a crash in between tells
    the same event again, under the same id. Ordering: one teller at a time, so a person's versions
    stand on the log as they grew.
    """

    def __init__(
        self, tellings: Tellings, publisher: EventPublisher, clock: HybridLogicalClock
    ) -> None:
        self._tellings = tellings
        self._publisher = publisher
        self._clock = clock

    async def run(self) -> None:
        """Tell until cancelled, waiting longer while the database or the broker is away."""
        pause = PAUSE
        while True:
            try:
                more = await self.tell()
            except RetryableError as error:
                pause = min(pause * 2, LONGEST_PAUSE)
                logger.warning("profiles_wait", error=str(error), seconds=pause.total_seconds())
            else:
                pause = PAUSE
                if more:
                    continue
            await asyncio.sleep(pause.total_seconds())

    async def tell(self) -> bool:
        """
        Tell of one batch; return whether there may be more at once.

        Raises:
            RetryableError: the database is away, or the broker did not accept everything.
        """
        async with self._tellings.claim() as telling:
            if telling is None:
                return False
            waiting = await telling.untold(BATCH)
            settled = await self._published(waiting)
            if settled:
                await telling.settle(settled)
        if len(settled) < len(waiting):
            raise RetryableError("the broker did not accept a profile")
        return len(waiting) == BATCH

    async def _published(self, waiting: Sequence[Untold]) -> list[tuple[Untold, str | None]]:
        """Those that need no more telling, with what was told of them."""
        said = [self._said(each) for each in waiting]
        accepted = await asyncio.gather(*(self._accepted(event) for _, event in said))
        return [
            (each, None if event is None else in_short(event))
            for (each, event), done in zip(said, accepted, strict=True)
            if done
        ]

    def _said(self, each: Untold) -> tuple[Untold, ProfileUpdated | None]:
        """What there is to say; None when it is what was said before."""
        event = portrait_of(each.user_id, each.profile, self._clock.stamp())
        return each, None if in_short(event) == each.told else event

    async def _accepted(self, event: ProfileUpdated | None) -> bool:
        return event is None or (await self._publisher.publish(event)).accepted
