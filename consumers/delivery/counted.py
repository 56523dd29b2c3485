"""Counting once: an edge that was not sure may have put the same event on the log twice."""

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from consumers.delivery.database import Connection
from consumers.delivery.ports import Delivered
from schemas.topics import RETRY_RETENTION

if TYPE_CHECKING:
    from uuid import UUID

# A repeat follows its original within seconds (the client repeats until it hears `accepted`),
# after an outage within hours. A dead letter can be redriven for as long as it is kept, perhaps
# after the event has counted (a rebuild, `--again`): the memory must outlive every one of them.
REMEMBERED = RETRY_RETENTION
_PRUNE_EVERY_SECONDS = 3600.0

_REMEMBER = """
insert into counted_events (group_id, event_id)
select $1, event_id from unnest($2::uuid[]) as new(event_id) order by event_id
on conflict do nothing
returning event_id
"""
_FORGET = "delete from counted_events where group_id = $1 and counted_at < now() - $2::interval"


class CountedEvents:
    """Remembers what a group has counted, in the transaction that counts it."""

    def __init__(self, group: str, now: Callable[[], float] = time.monotonic) -> None:
        self._group = group
        self._now = now
        self._pruned_at = now()

    async def new_of(
        self, connection: Connection, batch: Sequence[Delivered]
    ) -> Sequence[Delivered]:
        """Return the events that were never counted, in order, and count them as of now."""
        first: dict[UUID, Delivered] = {}
        for delivered in batch:
            first.setdefault(delivered.event.event_id, delivered)
        rows = await connection.fetch(_REMEMBER, self._group, list(first))
        new = {row["event_id"] for row in rows}
        await self._prune(connection)
        return [delivered for event_id, delivered in first.items() if event_id in new]

    async def _prune(self, connection: Connection) -> None:
        if self._now() - self._pruned_at < _PRUNE_EVERY_SECONDS:
            return
        self._pruned_at = self._now()
        await connection.execute(_FORGET, self._group, REMEMBERED)
