"""Counts in PostgreSQL."""

from collections.abc import Mapping

from consumers.analytics.ports import Count
from consumers.delivery.database import Connection

# Sorted, so that two members of the group never wait for each other in a circle.
_ADD = """
insert into analytics_data as kept (hour, metric, dimension, value)
select * from unnest($1::timestamptz[], $2::text[], $3::text[], $4::bigint[])
    as new(hour, metric, dimension, value)
order by hour, metric, dimension
on conflict (hour, metric, dimension) do update set value = kept.value + excluded.value
"""


class PostgresCounts:
    """Writes in the transaction of the connection it is given."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, counted: Mapping[Count, int]) -> None:
        """See `Counts`."""
        hours, metrics, dimensions = zip(*counted, strict=True)
        await self._connection.execute(_ADD, hours, metrics, dimensions, list(counted.values()))
