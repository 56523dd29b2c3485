"""From delivered records to the service's words."""

from collections.abc import Callable, Sequence

from consumers.delivery.database import Connection
from consumers.delivery.ports import Delivered
from consumers.persistence.models import keep_models
from consumers.persistence.ports import Archive
from consumers.persistence.service import keep


class History:
    """The projection of everything said; keyed by event, so a repeat on the log changes nothing."""

    def __init__(self, archive: Callable[[Connection], Archive]) -> None:
        self._archive = archive

    async def apply(self, connection: Connection, batch: Sequence[Delivered]) -> None:
        """See `Projection`."""
        events = ((each.event, (each.record.value or b"").decode()) for each in batch)
        await keep(self._archive(connection), events)
        await keep_models(connection, (each.event for each in batch))
