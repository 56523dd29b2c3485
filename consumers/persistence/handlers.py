"""From delivered records to the service's words."""

from collections.abc import Sequence

from consumers.delivery.database import Connection
from consumers.delivery.ports import Delivered
from consumers.persistence.adapters import PostgresArchive
from consumers.persistence.service import keep


class History:
    """The projection of everything said; keyed by event, so a repeat on the log changes nothing."""

    async def apply(self, connection: Connection, batch: Sequence[Delivered]) -> None:
        """See `Projection`."""
        events = ((each.event, (each.record.value or b"").decode()) for each in batch)
        await keep(PostgresArchive(connection), events)
