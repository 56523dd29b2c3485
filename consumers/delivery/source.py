"""The log as the loop sees it, and the adapter that reads it with aiokafka."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CorruptRecordException, KafkaError

from consumers.delivery.ports import Offsets, Partition, Record
from runtime.fetching import SessionConsumer
from runtime.kafka import (
    HEARTBEAT_INTERVAL_MS,
    METADATA_MAX_AGE_MS,
    REQUEST_TIMEOUT_MS,
    RETRY_BACKOFF_MS,
    SESSION_TIMEOUT_MS,
)

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    from runtime.settings import KafkaSettings

# A database outage is waited out inside one batch, for hours if need be, while heartbeats go on;
# a loop that is truly stuck is found by the progress probe, not by leaving the group.
MAX_POLL_INTERVAL_MS = 24 * 60 * 60 * 1000
# Members that have not come back by then lose their partitions; `Assignment` gives its batch less.
REBALANCE_TIMEOUT_MS = 30_000
LEAVE_SECONDS = 5.0
# How long an idle broker holds a fetch before it says that there is nothing.
IDLE_WAIT_MS = 500
# A fetch this large is answered at once, however patient the consumer is.
GATHERED_BYTES = 256 * 1024

logger = structlog.get_logger(__name__)


class Source(Protocol):
    """A group member's view of its partitions; the broker being away shows as nothing to read."""

    async def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        """Return what is there as soon as anything is, nothing after that many seconds."""
        ...

    def pause(self, partitions: Iterable[Partition]) -> None:
        """Stop reading these."""
        ...

    def resume(self, partitions: Iterable[Partition]) -> None:
        """Read them again."""
        ...

    async def seek(self, positions: Mapping[Partition, int | None]) -> Offsets:
        """Read from these offsets next, None being the beginning; return which they are."""
        ...

    async def committed(self, partitions: Iterable[Partition]) -> Offsets:
        """Return what the group has committed; a partition without a commit is left out."""
        ...

    async def commit(self, offsets: Offsets) -> None:
        """Commit for the group."""
        ...

    async def ends(self, partitions: Iterable[Partition]) -> Offsets:
        """Return the offset after the newest record of each."""
        ...

    async def held(self, partitions: Iterable[Partition]) -> Mapping[Partition, int]:
        """Return how many records each holds, also of topics that nobody subscribed to."""
        ...


class KafkaSource:
    """Reads with one aiokafka group member."""

    def __init__(
        self, settings: "KafkaSettings", *, group: str, client_id: str, patience: timedelta
    ) -> None:
        self._consumer = SessionConsumer(
            bootstrap_servers=settings.bootstrap_servers,
            client_id=client_id,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # By number: whoever has a topic's partition has the retry topic's of that number too,
            # where the keys of that partition are parked (ADR 0019).
            partition_assignment_strategy=(RangePartitionAssignor,),
            max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
            rebalance_timeout_ms=REBALANCE_TIMEOUT_MS,
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=HEARTBEAT_INTERVAL_MS,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            retry_backoff_ms=RETRY_BACKOFF_MS,
            metadata_max_age_ms=METADATA_MAX_AGE_MS,
            # With no patience the first byte wakes us; with it the broker gathers that long.
            fetch_min_bytes=GATHERED_BYTES if patience else 1,
            fetch_max_wait_ms=patience // timedelta(milliseconds=1) if patience else IDLE_WAIT_MS,
        )

    async def start(self, topics: Sequence[str], listener: ConsumerRebalanceListener) -> None:
        """Join the group.

        Raises:
            KafkaError: no broker answered; make a new source to try again.
        """
        self._consumer.subscribe(topics=list(topics), listener=listener)
        await self._consumer.start()

    async def stop(self) -> None:
        """Leave the group; with the broker away, just go."""
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                await self._consumer.stop()
        except (TimeoutError, KafkaError) as error:
            logger.warning("left_without_goodbye", error=type(error).__name__)

    async def poll(self, max_records: int, seconds: float) -> Sequence[Record]:
        """See `Source`."""
        try:
            polled = await self._consumer.getmany(
                timeout_ms=int(seconds * 1000), max_records=max_records
            )
        except UnicodeDecodeError as error:
            # A header's name that is not text breaks Kafka's protocol, and aiokafka's reader;
            # its two implementations agree on the damage but not on the error.
            raise CorruptRecordException("a header's name is not UTF-8") from error
        return [_record(raw) for part in polled.values() for raw in part]

    def pause(self, partitions: Iterable[Partition]) -> None:
        """See `Source`."""
        self._consumer.pause(*(TopicPartition(*each) for each in partitions))

    def resume(self, partitions: Iterable[Partition]) -> None:
        """See `Source`."""
        self._consumer.resume(*(TopicPartition(*each) for each in partitions))

    async def seek(self, positions: Mapping[Partition, int | None]) -> Offsets:
        """See `Source`."""
        unknown = [TopicPartition(*each) for each, at in positions.items() if at is None]
        begins = await self._consumer.beginning_offsets(unknown) if unknown else {}
        known = {each: at for each, at in positions.items() if at is not None}
        found = known | {Partition(*where): begin for where, begin in begins.items()}
        for partition, offset in found.items():
            self._consumer.seek(TopicPartition(*partition), offset)
        return found

    async def committed(self, partitions: Iterable[Partition]) -> Offsets:
        """See `Source`."""
        found = {each: await self._consumer.committed(TopicPartition(*each)) for each in partitions}
        return {each: offset for each, offset in found.items() if offset is not None}

    async def commit(self, offsets: Offsets) -> None:
        """See `Source`."""
        await self._consumer.commit({TopicPartition(*p): upto for p, upto in offsets.items()})

    async def ends(self, partitions: Iterable[Partition]) -> Offsets:
        """See `Source`."""
        ends = await self._consumer.end_offsets([TopicPartition(*each) for each in partitions])
        return {Partition(*where): end for where, end in ends.items()}

    async def held(self, partitions: Iterable[Partition]) -> Mapping[Partition, int]:
        """See `Source`."""
        places = [TopicPartition(*each) for each in partitions]
        ends = await self._consumer.end_offsets(places)
        begins = await self._consumer.beginning_offsets(places)
        return {Partition(*where): ends[where] - begins[where] for where in places}


def _record(raw: "ConsumerRecord[bytes, bytes]") -> Record:
    return Record(
        topic=raw.topic,
        partition=raw.partition,
        offset=raw.offset,
        key=raw.key,
        value=raw.value,
        headers=tuple(raw.headers),
        timestamp=raw.timestamp,
    )
