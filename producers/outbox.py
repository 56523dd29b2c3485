"""The outbox relay: puts events on Kafka that were written together with a database change."""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import structlog
from pydantic import ValidationError

from producers.ports import EventPublisher
from runtime.errors import InvalidEventError, RetryableError
from schemas.events.envelope import Event
from schemas.topics import EVENT_TYPES

BATCH = 100
IDLE = timedelta(seconds=1)
# Short: after an outage somebody's revoked session waits for this.
MAX_BACKOFF = timedelta(seconds=2)

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class OutboxRow:
    """An event that waits; ids rise in the order in which events must leave."""

    id: int
    event_type: str
    body: dict[str, Any]


class Backlog(Protocol):
    """The waiting rows, as the holder of the claim sees them."""

    async def read(self, after: int, limit: int) -> Sequence[OutboxRow]:
        """Return the oldest rows with an id above `after`, by id.

        A row is shown only when no transaction still running can add one before it.
        """
        ...

    async def remove(self, ids: Sequence[int]) -> None:
        """Forget rows whose events are on the log."""
        ...


class OutboxStore(Protocol):
    """Where the waiting rows are; raises RetryableError when it is away."""

    def claim(self) -> AbstractAsyncContextManager[Backlog | None]:
        """Become the only relay for the length of the block; None when another one is."""
        ...


class OutboxRelay:
    """Moves events from the outbox to their topics, oldest first, each at least once.

    An event's id is part of its stored body, so readers drop a repeat.
    """

    def __init__(
        self, store: OutboxStore, publisher: EventPublisher, *, batch: int = BATCH
    ) -> None:
        self._store = store
        self._publisher = publisher
        self._batch = batch

    async def run(self) -> None:
        """Relay until cancelled, waiting longer while the database or the broker is away."""
        pause = IDLE
        while True:
            try:
                stuck = not await self.forward()
            except RetryableError:
                stuck = True
            if stuck:
                pause = min(pause * 2, MAX_BACKOFF)
                logger.warning("outbox_waits", seconds=pause.total_seconds())
            else:
                pause = IDLE
            await asyncio.sleep(pause.total_seconds())

    async def forward(self) -> bool:
        """Publish all that waits; return whether the broker took everything.

        Raises:
            RetryableError: the store is away.
        """
        after = 0
        while True:
            async with self._store.claim() as backlog:
                if backlog is None:
                    return True
                rows = await backlog.read(after, self._batch)
                sent, took_all = await self._publish(rows)
                if sent:
                    await backlog.remove(sent)
            if not took_all:
                return False
            if len(rows) < self._batch:
                return True
            after = rows[-1].id

    async def _publish(self, rows: Sequence[OutboxRow]) -> tuple[list[int], bool]:
        sent: list[int] = []
        for row in rows:
            try:
                event = to_event(row)
            except InvalidEventError as error:
                # It stays for an operator to look at, and holds up nothing behind it.
                logger.warning("outbox_row_unreadable", row=row.id, reason=error.reason)
                continue
            published = await self._publisher.publish(event)
            if not published.accepted:
                return sent, False
            sent.append(row.id)
        return sent, True


def to_event(row: OutboxRow) -> Event:
    """Return the event that a row holds.

    Raises:
        InvalidEventError: its type is unknown, or its body is not of that type.
    """
    kind = EVENT_TYPES.get(row.event_type)
    if kind is None:
        raise InvalidEventError("unknown_type", row.event_type)
    try:
        return kind.model_validate(row.body)
    except ValidationError as error:
        raise InvalidEventError("bad_body", f"{error.error_count()} errors") from error
