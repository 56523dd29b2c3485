"""The log itself as a source of records."""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from edge_ws.backlog import LOGS
from edge_ws.drafts import DRAFT_LOGS
from edge_ws.ports import Log, Positions, TailedRecord
from runtime.clock import server_seconds
from runtime.errors import RetryableError
from runtime.kafka import create_reader, create_tail
from schemas.positions import PUSHED_TOPICS
from schemas.topics import Topic

if TYPE_CHECKING:
    from runtime.settings import KafkaSettings

PUSHED = [topic.value for topic in PUSHED_TOPICS]
HISTORY_EVERY = timedelta(seconds=10)
"""How often it is asked whether the topics are still the same ones."""
START_SECONDS = 30.0
STOP_SECONDS = 5.0
POLL_MS = 1_000
PAST_RECORDS = 1_000
"""Read at a time: some 10 ms of the loop, which belongs to those who are here too."""

logger = structlog.get_logger(__name__)


class KafkaRecords:
    """Reads all partitions of the pushed topics, and pieces of answers; see `RecordSource`.

    A log without a position is read from `lookback` ago: what was written while no edge ran is
    then in the ring of the next one, and nobody who comes back has to wait for the tables.
    """

    def __init__(
        self,
        settings: "KafkaSettings",
        client_id: str,
        *,
        lookback: timedelta,
        look: timedelta = HISTORY_EVERY,
    ) -> None:
        self._lookback = lookback
        self._look = look.total_seconds()
        self._consumer = create_tail(settings, client_id)
        self._watching: asyncio.Task[None] | None = None
        self.epoch = ""
        self.ends: Positions = {}

    async def start(self, positions: Positions) -> Positions:
        """Assign every partition and seek."""
        async with asyncio.timeout(START_SECONDS):
            await self._consumer.start()
            self.epoch = await self._consumer.history(PUSHED)
            partitions = {
                log: TopicPartition(log.topic.value, log.partition) for log in (*LOGS, *DRAFT_LOGS)
            }
            self._consumer.assign(list(partitions.values()))
            ends = await self._consumer.end_offsets(list(partitions.values()))
            self.ends = {log: ends[partition] for log, partition in partitions.items()}
            fresh = [partition for log, partition in partitions.items() if log not in positions]
            begins = await self._recent(fresh, ends) if fresh else {}
        places = {log: positions.get(log, begins.get(tp, 0)) for log, tp in partitions.items()}
        for log, partition in partitions.items():
            self._consumer.seek(partition, places[log])
        self._watching = asyncio.create_task(self._watch())
        return places

    async def poll(self) -> Mapping[Log, Sequence[TailedRecord]]:
        """Return what has been fetched.

        Raises:
            RetryableError: the topics were made anew; positions mean nothing any more.
        """
        if self._watching is not None and self._watching.done():
            raise RetryableError("the log holds another history now")
        polled = await self._consumer.getmany(timeout_ms=POLL_MS)
        return {
            Log(Topic(partition.topic), partition.partition): records
            for partition, records in polled.items()
        }

    async def stop(self) -> None:
        """Disconnect, or give up on it."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await _stop(self._consumer)

    async def _watch(self) -> None:
        """Return when the topics are others than at the start; the reading itself may not notice.

        Beside it, because a broker that is slow to answer this may hold nobody up.
        """
        while True:
            await asyncio.sleep(self._look)
            # Away, or just deleted and not made again: the next look tells.
            with contextlib.suppress(KafkaError):
                if await self._consumer.history(PUSHED) != self.epoch:
                    return

    async def _recent(
        self, partitions: Sequence[TopicPartition], ends: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        """Return each partition's first offset within the lookback, or its end."""
        since = int((server_seconds() - self._lookback.total_seconds()) * 1_000)
        found = await self._consumer.offsets_for_times(dict.fromkeys(partitions, since))
        places = {each: place.offset for each, place in found.items() if place is not None}
        return {each: places.get(each, ends[each]) for each in partitions}


class KafkaPast:
    """Reads ranges of the log by offset; see `edge_ws.ports.PastSource`. Connects when asked."""

    def __init__(self, settings: "KafkaSettings", client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._consumer: AIOKafkaConsumer | None = None
        self._places: dict[Log, int] = {}
        """Where the consumer goes on."""

    async def read(self, positions: Positions) -> Mapping[Log, Sequence[TailedRecord]]:
        """Go to these positions, if it is not there already, and return what comes."""
        try:
            return await self._read(await self._connected(), positions)
        except KafkaError as error:
            msg = f"the log is away: {type(error).__name__}"
            raise RetryableError(msg) from error

    async def _read(
        self, consumer: AIOKafkaConsumer, positions: Positions
    ) -> Mapping[Log, Sequence[TailedRecord]]:
        if self._places != positions:
            partitions = {log: TopicPartition(log.topic.value, log.partition) for log in positions}
            consumer.assign(list(partitions.values()))
            for log, partition in partitions.items():
                consumer.seek(partition, positions[log])
            self._places = dict(positions)
        polled = await consumer.getmany(timeout_ms=POLL_MS, max_records=PAST_RECORDS)
        found: dict[Log, Sequence[TailedRecord]] = {}
        for partition, records in polled.items():
            log = Log(Topic(partition.topic), partition.partition)
            found[log] = records
            self._places[log] = records[-1].offset + 1
        return found

    async def stop(self) -> None:
        """Disconnect, or give up on it."""
        if self._consumer is not None:
            await _stop(self._consumer)

    async def _connected(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = create_reader(self._settings, self._client_id)
            try:
                async with asyncio.timeout(START_SECONDS):
                    await consumer.start()
            except BaseException:
                await _stop(consumer)
                raise
            self._consumer = consumer
        return self._consumer


async def _stop(consumer: AIOKafkaConsumer) -> None:
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await consumer.stop()
    except (TimeoutError, KafkaError) as error:
        logger.warning("tail_stop_failed", error=type(error).__name__)
