"""Tells a conversation, piece by piece, what is being written in it."""

from datetime import UTC, datetime, timedelta

from consumers.nlp.service.analysis import Asked
from consumers.nlp.service.drafting import Tell
from consumers.nlp.service.events import delta_of
from producers.ports import EventPublisher
from runtime.clock import HybridLogicalClock

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Deltas:
    """Pieces of answers as events; what a conversation was not told comes with the next piece."""

    def __init__(self, publisher: EventPublisher, clock: HybridLogicalClock) -> None:
        self._publisher = publisher
        self._clock = clock

    def begin(self) -> int:
        """Return the number of an attempt, higher than any that was begun before it."""
        return (self._clock.stamp() - _EPOCH) // _MICROSECOND

    def teller(self, asked: Asked, attempt: int) -> Tell:
        """Return what tells the pieces of this attempt to answer."""

        async def tell(offset: int, text: str) -> bool:
            delta = delta_of(asked, attempt, offset, text, self._clock.stamp())
            return (await self._publisher.publish(delta)).accepted

        return tell
