"""From delivered records to the service's words."""

from collections.abc import Callable, Sequence

from consumers.audit.ports import AuditLog
from consumers.audit.service import record
from consumers.delivery.database import Connection
from consumers.delivery.ports import Delivered


class AdminLog:
    """The projection of actions; keyed by event, so a repeat on the log changes nothing."""

    def __init__(self, log: Callable[[Connection], AuditLog]) -> None:
        self._log = log

    async def apply(self, connection: Connection, batch: Sequence[Delivered]) -> None:
        """See `Projection`."""
        await record(self._log(connection), (each.event for each in batch))
