"""The audit log in PostgreSQL; its role can add and read, never change."""

from collections.abc import Sequence
from dataclasses import fields
from operator import attrgetter

from consumers.audit.ports import Entry
from consumers.delivery.database import Connection

_APPEND = """
insert into admin_logs (
    event_id, occurred_at, actor_id, action, target_type, target_id, old, new
)
select * from unnest(
    $1::uuid[], $2::timestamptz[], $3::uuid[], $4::text[], $5::text[], $6::uuid[], $7::jsonb[],
    $8::jsonb[]
)
on conflict do nothing
"""

_VALUES = attrgetter(*(each.name for each in fields(Entry)))


class PostgresAuditLog:
    """Writes in the transaction of the connection it is given."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def append(self, entries: Sequence[Entry]) -> None:
        """See `AuditLog`."""
        await self._connection.execute(_APPEND, *zip(*map(_VALUES, entries), strict=True))
