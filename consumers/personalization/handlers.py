"""From delivered records to the service's words."""

from collections.abc import Callable, Sequence

from consumers.delivery.counted import CountedEvents
from consumers.delivery.database import Connection
from consumers.delivery.ports import Delivered
from consumers.personalization.ports import Profiles
from consumers.personalization.service.learning import learn


class UserProfiles:
    """The projection of users' habits; each event counts once however often it is on the log."""

    def __init__(self, counted: CountedEvents, profiles: Callable[[Connection], Profiles]) -> None:
        self._counted = counted
        self._profiles = profiles

    async def apply(self, connection: Connection, batch: Sequence[Delivered]) -> None:
        """See `Projection`."""
        new = await self._counted.new_of(connection, batch)
        await learn(self._profiles(connection), (each.event for each in new))
