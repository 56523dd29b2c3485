"""Poll, work, note: the order of steps that makes at-least-once out of a log."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog
from aiokafka.errors import ConsumerStoppedError, KafkaError

from consumers.delivery.assignment import Assignment
from consumers.delivery.commit import Commits
from consumers.delivery.errors import AbandonedError, FencedError
from consumers.delivery.ports import Offsets, Record
from consumers.delivery.progress import Progress
from consumers.delivery.source import Source
from consumers.delivery.work import Worker, next_offsets
from runtime import metrics
from runtime.clock import server_seconds
from runtime.errors import RetryableError

POLL_SECONDS = 0.2
"""How long an idle loop sleeps before it looks for a stop; records wake it at once."""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True)
class ConsumeLoop:
    """One group member's work."""

    group: str
    source: Source
    assignment: Assignment
    worker: Worker
    commits: Commits
    progress: Progress
    max_records: int

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop; the batch under way is finished first."""
        failures = 0
        while not stop.is_set():
            try:
                await self._turn()
            except AbandonedError:
                logger.info("batch_left")
            except FencedError:
                failures += 1
                logger.warning("fenced", attempt=failures)
                self.assignment.displace()
                await self._pause(failures)
            except ConsumerStoppedError:
                return
            except (KafkaError, RetryableError) as error:
                failures += 1
                logger.warning("poll_failed", attempt=failures, error=type(error).__name__)
                with self.progress.waiting():
                    await self._pause(failures)
            else:
                failures = 0

    async def _pause(self, failures: int) -> None:
        try:
            await self.worker.backoff.wait(failures, self.worker.halt)
        except AbandonedError:
            # Between two assignments there is nothing to hurry for.
            await asyncio.sleep(POLL_SECONDS)

    async def _turn(self) -> None:
        parking = self.worker.retries.parking
        if self.assignment.unplaced:
            self.worker.retries.clear()
            self.progress.placed(await self.assignment.place(self.worker.keeper))
        polled = await self.source.poll(self.max_records, POLL_SECONDS)
        records = [record for record in polled if self.assignment.owns(record.source)]
        if records:
            await self._work(records)
        if parking.busy and self.assignment.settled:
            await self._note(self.worker.work_parked)
        self.assignment.stem(full=parking.full)

    async def _note(self, work: Callable[[], Awaitable[Offsets]]) -> None:
        generation = self.assignment.generation
        self.assignment.idle.clear()
        try:
            upto = await work()
            if generation == self.assignment.generation:
                self.commits.note(upto)
                self.progress.moved(upto)
        finally:
            self.assignment.idle.set()

    async def _work(self, records: Sequence[Record]) -> None:
        started = time.perf_counter()
        await self._note(lambda: self.worker.work(records))
        self.assignment.reached(next_offsets(records))
        metrics.batch_seconds.labels(self.group).observe(time.perf_counter() - started)
        self.progress.handled(records)
        self._measure(records)

    def _measure(self, records: Sequence[Record]) -> None:
        counts = Counter(record.topic for record in records)
        for topic, count in counts.items():
            metrics.consumed.labels(self.group, topic).inc(count)
        # The oldest of each topic stands for its batch: observing all of them costs more than
        # some consumers' work, and where somebody waits batches are small.
        oldest: dict[str, int] = {}
        for record in records:
            oldest[record.topic] = min(record.timestamp, oldest.get(record.topic, record.timestamp))
        now = server_seconds()
        for topic, timestamp in oldest.items():
            seconds = now - timestamp / 1000
            metrics.handled_seconds.labels(self.group, topic).observe(seconds)
