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

logger = structlog.get_logger(__name__)


class KafkaControl:
    """Reads `control`; see `edge_ws.control.ControlSource`."""

    def __init__(self, settings: "KafkaSettings", client_id: str) -> None:
        self._consumer = create_tail(settings, client_id)
        self._behind: dict[TopicPartition, int] = {}
        """Partitions that have not been read up to where they ended at the start."""

    @property
    def caught_up(self) -> bool:
        """Whether nothing from before the start is left."""
        return not self._behind

    async def start(self, since: float) -> None:
        """Assign every partition and seek by time."""
        async with asyncio.timeout(START_SECONDS):
            await self._consumer.start()
            partitions = [
                TopicPartition(Topic.CONTROL.value, number) for number in range(PARTITIONS)
            ]
            self._consumer.assign(partitions)
            ends = await self._consumer.end_offsets(partitions)
            begins = await self._consumer.offsets_for_times(
                dict.fromkeys(partitions, int(since * 1_000))
            )
        for partition in partitions:
            found = begins.get(partition)
            begin = ends[partition] if found is None else found.offset
            self._consumer.seek(partition, begin)
            if begin < ends[partition]:
                self._behind[partition] = ends[partition]

    async def poll(self) -> Sequence["TailedRecord"]:
        """Return what has been fetched."""
        polled = await self._consumer.getmany(timeout_ms=POLL_MS)
        for partition, end in tuple(self._behind.items()):
            if await self._consumer.position(partition) >= end:
                del self._behind[partition]
        return [record for records in polled.values() for record in records]

    async def stop(self) -> None:
        """Disconnect, or give up on it."""
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
        self.caught_up = False

    async def start(self, since: float) -> None:
        """Begin at the beginning: memory does not go back further than tokens live."""
        self.since = since
        self._next = [0] * PARTITIONS
        self.caught_up = False

    async def poll(self) -> Sequence["TailedRecord"]:
        """Return what was published since."""
        await asyncio.sleep(POLL_SECONDS)
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        if self.held:
            return []
        now = time.time_ns() // 1_000_000
        found: list[TailedRecord] = []
        for partition in range(PARTITIONS):
            log = self._logs.get((Topic.CONTROL, partition), [])
            for offset in range(self._next[partition], len(log)):
                record = log[offset]
                found.append(InMemoryRecord(offset, now, record.key, record.value, record.headers))
            self._next[partition] = len(log)
        self.caught_up = True
        return found

    async def stop(self) -> None:
        """There is nothing to disconnect from."""
