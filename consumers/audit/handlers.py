"""From delivered records to the service's words."""

from collections.abc import Sequence

from consumers.audit.adapters import PostgresAuditLog
from consumers.audit.service import record
from consumers.delivery.database import Connection
from consumers.delivery.ports import Delivered


class AdminLog:
    """The projection of actions; keyed by event, so a repeat on the log changes nothing."""

    async def apply(self, connection: Connection, batch: Sequence[Delivered]) -> None:
        """See `Projection`."""
        await record(PostgresAuditLog(connection), (each.event for each in batch))
