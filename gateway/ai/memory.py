"""Reply leases and partitions in memory: the twins of the real ones, for tests and embedders."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.ai.ports import Lease, ReplyReader, ReplyRecord
from runtime.errors import RetryableError
from schemas.events.ai import AiReply

_POLL_SECONDS = 0.05


@dataclass
class InMemoryReplyLeases:
    """`gateway.ai.ports.ReplyLeases`, shared by the gateways of one process; none ever expires."""

    partitions: int = 2
    away: bool = False
    held: dict[int, int] = field(default_factory=dict)
    fence: int = 0

    async def take(self) -> Lease | None:
        """Take the first free partition."""
        self._require_present()
        free = [each for each in range(self.partitions) if each not in self.held]
        if not free:
            return None
        self.fence += 1
        self.held[free[0]] = self.fence
        return Lease(free[0], self.fence)

    async def renew(self, lease: Lease) -> bool:
        """Tell whether it is still held."""
        self._require_present()
        return self.held.get(lease.partition) == lease.fence

    async def release(self, lease: Lease) -> None:
        """Give it back."""
        self._require_present()
        if self.held.get(lease.partition) == lease.fence:
            del self.held[lease.partition]

    def _require_present(self) -> None:
        if self.away:
            raise RetryableError("the leases are away")


@dataclass
class InMemoryReplyLog:
    """`gateway.ai.ports.ReplyLog`: hands records to whoever follows their partition."""

    queues: dict[int, list[asyncio.Queue[ReplyRecord]]] = field(default_factory=dict)

    def put(self, reply: AiReply) -> None:
        """Put an answer on the partition it says."""
        record = ReplyRecord(
            reply.event_type, str(reply.request_id), reply.model_dump_json().encode()
        )
        self.put_record(reply.reply_partition, record)

    def put_record(self, partition: int, record: ReplyRecord) -> None:
        """Put anything on a partition."""
        for queue in self.queues.get(partition, []):
            queue.put_nowait(record)

    @asynccontextmanager
    async def follow(self, partition: int) -> AsyncIterator[ReplyReader]:
        """Hear what is put from now on."""
        queue: asyncio.Queue[ReplyRecord] = asyncio.Queue()
        self.queues.setdefault(partition, []).append(queue)
        try:
            yield _QueueReader(queue)
        finally:
            self.queues[partition].remove(queue)


@dataclass
class _QueueReader:
    queue: asyncio.Queue[ReplyRecord]

    async def poll(self) -> Sequence[ReplyRecord]:
        """Return the next record, or nothing after a moment."""
        try:
            async with asyncio.timeout(_POLL_SECONDS):
                return [await self.queue.get()]
        except TimeoutError:
            return []
