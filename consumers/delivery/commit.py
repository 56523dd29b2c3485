"""Tells Kafka how far the work has come: explicit offsets, after the work, not for each batch."""

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

if TYPE_CHECKING:
    from collections.abc import Callable

    from consumers.delivery.ports import Offsets, Partition
    from consumers.delivery.source import Source

FLUSH_DEADLINE_SECONDS = 5.0

logger = structlog.get_logger(__name__)


class Commits:
    """Gathers positions and commits the newest of each partition in the background."""

    def __init__(
        self,
        source: "Source",
        every: timedelta,
        unfinished: "Callable[[], Offsets]" = dict,
    ) -> None:
        self._source = source
        self._unfinished = unfinished
        self._every = every.total_seconds()
        self._pending: dict[Partition, int] = {}
        self._told: dict[Partition, int] = {}
        self._committing = asyncio.Lock()

    def note(self, offsets: "Offsets") -> None:
        """Remember that the work has come this far."""
        self._pending.update(offsets)

    def forget(self) -> None:
        """Drop what was noted: the partitions are taken away; what was held back comes again."""
        self._pending, self._told = {}, {}

    async def run(self) -> None:
        """Commit what was noted, again and again, until cancelled."""
        while True:
            await asyncio.sleep(self._every)
            if self._pending:
                await self.flush()

    async def flush(self) -> None:
        """Commit what was noted; when that fails, say so and go on: the work comes again."""
        async with self._committing:
            pending = self._ready()
            if not pending:
                return
            try:
                async with asyncio.timeout(FLUSH_DEADLINE_SECONDS):
                    await self._source.commit(pending)
                self._told.update(pending)
            except (CommitFailedError, IllegalStateError) as error:
                # The partitions are someone else's now; so is the duty to work and commit them.
                logger.info("commit_superseded", error=type(error).__name__)
            except (TimeoutError, KafkaError) as error:
                logger.warning("commit_failed", error=type(error).__name__)
                self._pending = {**pending, **self._pending}

    def _ready(self) -> "dict[Partition, int]":
        """Take what may be committed; what lies behind unfinished work stays noted."""
        held, noted = self._unfinished(), self._pending
        ready = {each: min(upto, held.get(each, upto)) for each, upto in noted.items()}
        self._pending = {each: upto for each, upto in noted.items() if ready[each] < upto}
        # A position that waits is not committed again and again.
        return {
            each: upto
            for each, upto in ready.items()
            if each not in self._pending or self._told.get(each) != upto
        }
