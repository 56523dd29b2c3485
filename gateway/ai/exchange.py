"""Request-reply over the log: a leased reply partition, and who waits for answers on it."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from datetime import datetime
from typing import Protocol
from uuid import UUID, uuid4

import structlog
from pydantic import ValidationError

from gateway.ai.errors import NoAnswer, NoAnswerError
from gateway.ai.pending import Pending, Waiting
from gateway.ai.ports import Lease, ReplyLeases, ReplyLog, ReplyRecord, Stamp, Write
from gateway.settings import AiSettings
from producers.ports import EventPublisher, Published, PublishStatus
from runtime import metrics
from runtime.clock import wall_clock
from runtime.errors import RetryableError
from schemas import ids
from schemas.events.ai import AiReply, AiRequest, RequestFailed, RequestLeft, WritingRequest
from schemas.topics import CATALOGUE, Topic

_REPLIES = {event.event_type: event for event in CATALOGUE[Topic.AI_REPLIES].events}
# A lease is renewed while two more attempts fit into its lifetime.
_RENEWALS = 3
# How soon one that has no lease tries again: well before somebody who was refused comes back.
_RETRY_SECONDS = 0.5
# Stopped this long before the lease ends elsewhere: nobody may hold it twice.
_MARGIN = 0.1

logger = structlog.get_logger(__name__)


class Stamper(Protocol):
    """Gives times that order events."""

    def stamp(self) -> datetime:
        """Return a time later than all before."""
        ...


class Exchange:
    """`gateway.ai.ports.Asker` on the log; `run` holds the lease and reads the answers.

    Without a lease nothing is asked. When it is lost, everybody who waits is told at once, and
    another one is taken.
    """

    def __init__(
        self,
        *,
        publisher: EventPublisher,
        leases: ReplyLeases,
        log: ReplyLog,
        clock: Stamper,
        settings: AiSettings,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._publisher = publisher
        self._leases = leases
        self._log = log
        self._clock = clock
        self._deadline = settings.deadline
        self._lifetime = settings.lease.total_seconds()
        self._now = now
        self._pending = Pending(settings.pending, now)
        self._lease: Lease | None = None
        self._until = 0.0
        self._held = asyncio.Event()
        self._telling: set[asyncio.Task[Published]] = set()

    @property
    def holds(self) -> Lease | None:
        """The lease under which answers are read now."""
        held = self._lease is not None and self._now() < self._until
        return self._lease if held else None

    @property
    def waiting(self) -> int:
        """How many requests wait for an answer."""
        return len(self._pending)

    async def settle(self, seconds: float) -> None:
        """Return once there has been a lease, or after so long: who has started can ask."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._held.wait()

    async def ask(self, request_id: UUID, write: Write) -> AiReply:
        """Return the answer; see the port."""
        async with aclosing(self.stream(request_id, write)) as replies:
            async for reply in replies:
                if reply.last:
                    return reply
        raise NoAnswerError(NoAnswer.UNAVAILABLE)

    async def stream(self, request_id: UUID, write: Write) -> AsyncGenerator[AiReply]:
        """Yield the answer piece by piece; see the port."""
        lease = self.holds
        if lease is None:
            raise NoAnswerError(NoAnswer.UNAVAILABLE)
        request = write(self._stamp(request_id, lease))
        seconds = self._deadline.total_seconds()
        with self._pending.opened(request_id, seconds) as waiting:
            try:
                async with _deadline(seconds):
                    await self._put(request)
                    waiting.asked = True
                    reply = await waiting.reply(0)
                yield reply
                while not reply.last:
                    reply = await self._next(waiting, reply.sequence + 1, seconds)
                    yield reply
            finally:
                self._leave(request, waiting)

    async def _put(self, request: AiRequest) -> None:
        published = await self._publisher.publish(request)
        if published.status in (PublishStatus.BUSY, PublishStatus.FAILED):
            raise NoAnswerError(NoAnswer.BUSY)

    def _leave(self, request: AiRequest, waiting: Waiting) -> None:
        """Tell the assistant if nobody else waits for what it may write for a long time."""
        last = waiting.readers == 1
        if last and waiting.open and isinstance(request, WritingRequest):
            left = RequestLeft(
                event_id=ids.event_id(RequestLeft.event_type, uuid4()),
                occurred_at=self._clock.stamp(),
                causation_id=request.event_id,
                correlation_id=request.correlation_id,
                request_id=request.request_id,
                reply_partition=request.reply_partition,
                reply_fence=request.reply_fence,
                answer_by=wall_clock() + self._deadline,
            )
            # Who has left is not waited for either: this may be the end of a cancelled task.
            telling = asyncio.create_task(self._publisher.publish(left))
            self._telling.add(telling)
            telling.add_done_callback(self._telling.discard)

    async def _next(self, waiting: Waiting, sequence: int, seconds: float) -> AiReply:
        self._pending.prolong(waiting, seconds)
        async with _deadline(seconds):
            return await waiting.reply(sequence)

    def _stamp(self, request_id: UUID, lease: Lease) -> Stamp:
        event_id = ids.event_id("ai.request", request_id)
        return Stamp(
            event_id=event_id,
            occurred_at=self._clock.stamp(),
            correlation_id=event_id,
            request_id=request_id,
            reply_partition=lease.partition,
            reply_fence=lease.fence,
            answer_by=wall_clock() + self._deadline,
        )

    async def run(self) -> None:
        """Hold a lease and read its answers until cancelled."""
        while True:
            taken_at = self._now()
            lease = None
            try:
                lease = await self._leases.take()
            except RetryableError as error:
                logger.warning("reply_lease_away", error=str(error))
            if lease is not None:
                self._until = taken_at + self._lifetime - _MARGIN
                await self._hold(lease)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _hold(self, lease: Lease) -> None:
        work = [asyncio.create_task(self._renew(lease)), asyncio.create_task(self._serve(lease))]
        try:
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._lease = None
            metrics.ai_reply_lease.set(0)
            self._pending.fail(NoAnswer.UNAVAILABLE)
            for task in work:
                task.cancel()
            for outcome in await asyncio.gather(*work, return_exceptions=True):
                if isinstance(outcome, Exception):
                    # Whatever it was: the next lease begins at the end of its partition.
                    logger.warning("reply_reading_ended", error=type(outcome).__name__)
            with suppress(RetryableError):
                await self._leases.release(lease)

    async def _renew(self, lease: Lease) -> None:
        """Keep the lease; return when it is lost or cannot be kept."""
        while (left := self._until - self._now()) > 0:
            await asyncio.sleep(min(self._lifetime / _RENEWALS, left))
            asked_at = self._now()
            try:
                kept = await self._leases.renew(lease)
            except RetryableError as error:
                logger.warning("reply_lease_not_renewed", error=str(error))
                continue
            if not kept:
                break
            self._until = asked_at + self._lifetime - _MARGIN
        logger.warning("reply_lease_lost", partition=lease.partition)

    async def _serve(self, lease: Lease) -> None:
        async with self._log.follow(lease.partition) as reader:
            # Only now: an answer to anything asked from here on stands where it will be read.
            self._lease = lease
            self._held.set()
            metrics.ai_reply_lease.set(1)
            logger.info("reply_lease_held", partition=lease.partition, fence=lease.fence)
            while True:
                for record in await reader.poll():
                    dropped = self._take(record, lease)
                    if dropped is not None:
                        metrics.ai_replies_dropped.labels(dropped).inc()
                self._pending.sweep()

    def _take(self, record: ReplyRecord, lease: Lease) -> str | None:
        """Hand an answer to who waits for it; return why not, if nobody gets it."""
        kind = _REPLIES.get(record.event_type)
        if kind is None:
            return "unknown_type"
        try:
            waiting = self._pending.find(UUID(record.request_id))
            if waiting is None:
                return "nobody_waits"
            reply = kind.model_validate_json(record.value, extra="ignore")
        except (ValueError, ValidationError):
            return "unreadable"
        if not isinstance(reply, AiReply) or str(reply.request_id) != record.request_id:
            return "unreadable"
        if reply.reply_fence != lease.fence:
            return "other_lease"
        if isinstance(reply, RequestFailed):
            waiting.fail(NoAnswer.FAILED)
            return None
        return waiting.take(reply)


@asynccontextmanager
async def _deadline(seconds: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as late:
        raise NoAnswerError(NoAnswer.TIMEOUT) from late
