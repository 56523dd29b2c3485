"""From delivered records to the service's words."""

from collections.abc import Callable, Sequence

from consumers.analytics.ports import Counts
from consumers.analytics.service import count
from consumers.delivery.counted import CountedEvents
from consumers.delivery.database import Connection
from consumers.delivery.ports import Delivered


class HourlyCounts:
    """The projection of what happens; each event counts once however often it is on the log."""

    def __init__(self, counted: CountedEvents, counts: Callable[[Connection], Counts]) -> None:
        self._counted = counted
        self._counts = counts

    async def apply(self, connection: Connection, batch: Sequence[Delivered]) -> None:
        """See `Projection`."""
        new = await self._counted.new_of(connection, batch)
        await count(self._counts(connection), (each.event for each in new))
