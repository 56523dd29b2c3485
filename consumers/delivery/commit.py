"""Tells Kafka how far the work has come: explicit offsets, after the work, not for each batch."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

if TYPE_CHECKING:
    from consumers.delivery.ports import Offsets, Partition
    from consumers.delivery.source import Source

FLUSH_DEADLINE_SECONDS = 5.0

logger = structlog.get_logger(__name__)


class Commits:
    """Gathers positions and commits the newest of each partition in the background."""

    def __init__(self, source: "Source", every: timedelta) -> None:
        self._source = source
        self._every = every.total_seconds()
        self._pending: dict[Partition, int] = {}
        self._committing = asyncio.Lock()

    def note(self, offsets: "Offsets") -> None:
        """Remember that the work has come this far."""
        self._pending.update(offsets)

    async def run(self) -> None:
        """Commit what was noted, again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            if self._pending:
                await self.flush()

    async def flush(self) -> None:
        """Commit what was noted; when that fails, say so and go on: the work comes again."""
        async with self._committing:
            pending, self._pending = self._pending, {}
            if not pending:
                return
            try:
                async with asyncio.timeout(FLUSH_DEADLINE_SECONDS):
                    await self._source.commit(pending)
            except (CommitFailedError, IllegalStateError) as error:
                # The partitions are someone else's now; so is the duty to work and commit them.
                logger.info("commit_superseded", error=type(error).__name__)
            except (TimeoutError, KafkaError) as error:
                logger.warning("commit_failed", error=type(error).__name__)
                self._pending = {**pending, **self._pending}
