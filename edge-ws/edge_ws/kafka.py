"""The log itself as a source of records."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import structlog
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from edge_ws.backlog import LOGS
from edge_ws.drafts import DRAFT_LOGS
from edge_ws.ports import Log, Positions, TailedRecord
from runtime.kafka import create_tail
from schemas.topics import Topic

if TYPE_CHECKING:
    from runtime.settings import KafkaSettings

START_SECONDS = 30.0
STOP_SECONDS = 5.0
POLL_MS = 1_000

logger = structlog.get_logger(__name__)


class KafkaRecords:
    """Reads all partitions of the pushed topics, and pieces of answers; see `RecordSource`.

    A log without a position is read from `lookback` ago: what was written while no edge ran is
    then in the ring of the next one, and nobody who comes back has to wait for the tables.
    """

    def __init__(self, settings: "KafkaSettings", client_id: str, *, lookback: timedelta) -> None:
        self._settings = settings
        self._client_id = client_id
        self._lookback = lookback
        self._consumer = create_tail(settings, client_id)
        self.epoch = ""

    async def start(self, positions: Positions) -> Positions:
        """Assign every partition and seek."""
        async with asyncio.timeout(START_SECONDS):
            self.epoch = await self._cluster_id()
            await self._consumer.start()
            partitions = {
                log: TopicPartition(log.topic.value, log.partition) for log in (*LOGS, *DRAFT_LOGS)
            }
            self._consumer.assign(list(partitions.values()))
            fresh = [partition for log, partition in partitions.items() if log not in positions]
            begins = await self._recent(fresh) if fresh else {}
        places = {log: positions.get(log, begins.get(tp, 0)) for log, tp in partitions.items()}
        for log, partition in partitions.items():
            self._consumer.seek(partition, places[log])
        return places

    async def poll(self) -> Mapping[Log, Sequence[TailedRecord]]:
        """Return what has been fetched."""
        polled = await self._consumer.getmany(timeout_ms=POLL_MS)
        return {
            Log(Topic(partition.topic), partition.partition): records
            for partition, records in polled.items()
        }

    async def stop(self) -> None:
        """Disconnect, or give up on it."""
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._consumer.stop()
        except (TimeoutError, KafkaError) as error:
            logger.warning("tail_stop_failed", error=type(error).__name__)

    async def _recent(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Return each partition's first offset within the lookback, or its end."""
        since = int((time.time() - self._lookback.total_seconds()) * 1_000)
        begins: dict[TopicPartition, int] = await self._consumer.end_offsets(partitions)
        found = await self._consumer.offsets_for_times(dict.fromkeys(partitions, since))
        begins.update((each, place.offset) for each, place in found.items() if place is not None)
        return begins

    async def _cluster_id(self) -> str:
        # A cluster made anew has another id: positions of the old one mean nothing there.
        admin = AIOKafkaAdminClient(
            bootstrap_servers=self._settings.bootstrap_servers, client_id=self._client_id
        )
        try:
            await admin.start()
            cluster = await admin.describe_cluster()
        finally:
            await admin.close()
        return cast("str", cluster["cluster_id"])
