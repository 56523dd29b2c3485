"""The topic `control` on the real log, and its twin in memory."""

import asyncio
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from edge_ws.kafka import POLL_MS, START_SECONDS, STOP_SECONDS
from edge_ws.memory import POLL_SECONDS, InMemoryRecord
from runtime.kafka import create_tail
from schemas.topics import CATALOGUE, Topic

if TYPE_CHECKING:
    from edge_ws.ports import TailedRecord
    from producers.memory import InMemoryEventPublisher
    from runtime.settings import KafkaSettings

PARTITIONS = CATALOGUE[Topic.CONTROL].partitions
LOOK_SECONDS = 5.0
"""How often the broker is asked where the topic ends: silence alone may be its absence."""

logger = structlog.get_logger(__name__)


class KafkaControl:
    """Reads `control`; see `edge_ws.control.ControlSource`."""

    def __init__(self, settings: "KafkaSettings", client_id: str) -> None:
        self._consumer = create_tail(settings, client_id)
        self._partitions = [TopicPartition(Topic.CONTROL.value, each) for each in range(PARTITIONS)]
        self._behind: dict[TopicPartition, int] = {}
        """Partitions that have not been read up to where they ended when last asked."""
        self._asked_at = 0.0
        self._looking: asyncio.Task[None] | None = None
        self.caught_up_at: float | None = None

    async def start(self, since: float) -> None:
        """Assign every partition and seek by time."""
        async with asyncio.timeout(START_SECONDS):
            await self._consumer.start()
            self._consumer.assign(self._partitions)
            self._asked_at = time.monotonic()
            self._behind = await self._consumer.end_offsets(self._partitions)
            begins = await self._consumer.offsets_for_times(
                dict.fromkeys(self._partitions, int(since * 1_000))
            )
        for partition, end in self._behind.items():
            found = begins.get(partition)
            self._consumer.seek(partition, end if found is None else found.offset)
        await self._compare()

    async def poll(self) -> Sequence["TailedRecord"]:
        """Return what has been fetched."""
        polled = await self._consumer.getmany(timeout_ms=POLL_MS)
        await self._compare()
        return [record for records in polled.values() for record in records]

    async def _compare(self) -> None:
        for partition, end in tuple(self._behind.items()):
            if await self._consumer.position(partition) >= end:
                del self._behind[partition]
        if self._looking is None and not self._behind:
            self.caught_up_at = self._asked_at
            # Beside the polls: a leader that is away must not hold up what the others have.
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """Ask again where the topic ends, after a while."""
        await asyncio.sleep(LOOK_SECONDS)
        asked_at = time.monotonic()
        try:
            self._behind = await self._consumer.end_offsets(self._partitions)
            self._asked_at = asked_at
        except KafkaError as error:
            logger.warning("control_out_of_sight", error=type(error).__name__)
        finally:
            self._looking = None

    async def stop(self) -> None:
        """Disconnect, or give up on it."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._consumer.stop()
        except (TimeoutError, KafkaError) as error:
            logger.warning("control_stop_failed", error=type(error).__name__)


class InMemoryControl:
    """Reads `control` of an in-memory publisher, from its first record."""

    def __init__(self, publisher: "InMemoryEventPublisher") -> None:
        self._logs = publisher.logs
        self._next = [0] * PARTITIONS
        self.since = 0.0
        """Where the owner wanted to begin."""
        self.failure: Exception | None = None
        """Raised by the next poll, once."""
        self.held = False
        """Whether nothing can be read for now."""
        self.caught_up_at: float | None = None

    async def start(self, since: float) -> None:
        """Begin at the beginning: memory does not go back further than tokens live."""
        self.since = since
        self._next = [0] * PARTITIONS
        self.caught_up_at = None

    async def poll(self) -> Sequence["TailedRecord"]:
        """Return what was published since."""
        await asyncio.sleep(POLL_SECONDS)
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        if self.held:
            return []
        now, self.caught_up_at = time.time_ns() // 1_000_000, time.monotonic()
        found: list[TailedRecord] = []
        for partition in range(PARTITIONS):
            log = self._logs.get((Topic.CONTROL, partition), [])
            for offset in range(self._next[partition], len(log)):
                record = log[offset]
                found.append(InMemoryRecord(offset, now, record.key, record.value, record.headers))
            self._next[partition] = len(log)
        return found

    async def stop(self) -> None:
        """There is nothing to disconnect from."""
