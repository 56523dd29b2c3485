"""Runs one consumer: puts the loop together, starts its parts and stops them in order."""

import asyncio
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta

import structlog
from aiokafka.errors import KafkaError

from consumers.delivery.assignment import Assignment
from consumers.delivery.backoff import Backoff
from consumers.delivery.commit import Commits
from consumers.delivery.dead_letter import KafkaDeadLetters
from consumers.delivery.depth import DeadLetterDepth
from consumers.delivery.errors import AbandonedError
from consumers.delivery.kafka_offsets import KafkaOffsets
from consumers.delivery.loop import ConsumeLoop
from consumers.delivery.parked import RetryDesk
from consumers.delivery.parking import Lanes, Parking
from consumers.delivery.ports import BatchHandler, OffsetKeeper, Unhurried
from consumers.delivery.progress import Progress
from consumers.delivery.retries import KafkaRetries
from consumers.delivery.settings import ConsumerSettings
from consumers.delivery.source import KafkaSource
from consumers.delivery.work import Worker
from runtime.clock import HybridLogicalClock
from runtime.health import Check, Health, serve_health
from schemas.topics import group_of, subscription_of

logger = structlog.get_logger(__name__)


async def run_consumer(
    *,
    name: str,
    settings: ConsumerSettings,
    handler: BatchHandler | OffsetKeeper,
    clock: HybridLogicalClock | None = None,
    health_checks: Mapping[str, Check] | None = None,
    max_records: int | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Consume the topics that the catalogue gives this reader until SIGTERM, SIGINT or `stop`.

    A handler that keeps its own offsets (`OffsetKeeper`) decides where reading starts; for any
    other (`BatchHandler`) Kafka's commit does.
    `clock` observes every event; `health_checks` join the readiness probe; `max_records` bounds a
    batch (default: the settings').
    """
    stopping = stop or asyncio.Event()
    group = group_of(name)
    progress = Progress(group, settings.delivery.stalled_after)
    member = _Member(name, settings, handler, clock or HybridLogicalClock(), progress)
    member.max_records = max_records or settings.delivery.max_records
    health = Health(
        live={"progress": progress.alive},
        ready={"assigned": lambda: member.assigned, **(health_checks or {})},
    )
    with stop_on_signals(stopping):
        async with serve_health(health, settings.health):
            await member.run(stopping)
    logger.info("stopped", group=group)


@contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set the event on SIGTERM and SIGINT while the block runs."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)
    for each in signals:
        loop.add_signal_handler(each, stop.set)
    try:
        yield
    finally:
        for each in signals:
            loop.remove_signal_handler(each)


class _Member:
    """One membership of the group, from joining to leaving."""

    def __init__(
        self,
        name: str,
        settings: ConsumerSettings,
        handler: BatchHandler | OffsetKeeper,
        clock: HybridLogicalClock,
        progress: Progress,
    ) -> None:
        self._name = name
        self._settings = settings
        self._handler = handler
        self._clock = clock
        self._progress = progress
        self._client_id = f"{name}-{settings.instance}"
        self._assignment: Assignment | None = None
        self.max_records = settings.delivery.max_records

    @property
    def assigned(self) -> bool:
        """Whether the group has given it partitions (or none, knowingly) at least once."""
        return self._assignment is not None and self._assignment.seen

    async def run(self, stop: asyncio.Event) -> None:
        """Join as soon as a broker answers, work until told to stop, leave."""
        attempt = 0
        while not stop.is_set():
            try:
                async with self._joined() as loop:
                    return await self._work(loop, stop)
            except KafkaError as error:
                attempt += 1
                logger.warning("cannot_join", attempt=attempt, error=type(error).__name__)
                with suppress(AbandonedError), self._progress.waiting():
                    await Backoff().wait(attempt, stop)
        return None

    @asynccontextmanager
    async def _joined(self) -> AsyncIterator[ConsumeLoop]:
        group = group_of(self._name)
        source = KafkaSource(
            self._settings.kafka,
            group=group,
            client_id=self._client_id,
            patience=self._settings.delivery.patience,
        )
        unfinished = self._handler.unfinished if isinstance(self._handler, Unhurried) else dict
        commits = Commits(source, self._settings.delivery.commit_every, unfinished)
        halt = asyncio.Event()
        lanes = Lanes(self._name)
        assignment = self._assignment = Assignment(source, commits, halt, lanes, self._progress)
        keeper = (
            self._handler
            if isinstance(self._handler, OffsetKeeper)
            else KafkaOffsets(source, self._handler)
        )
        dead_letters = KafkaDeadLetters(
            self._settings.kafka, name=self._name, client_id=self._client_id
        )
        retries = KafkaRetries(self._settings.kafka, name=self._name, client_id=self._client_id)
        parking = Parking(self._settings.delivery.retry)
        desk = RetryDesk(group, keeper, retries, lanes, parking)
        try:
            async with dead_letters, retries:
                await source.start(subscription_of(self._name), assignment)
                worker = Worker(
                    group, keeper, dead_letters, desk, self._progress, self._clock, halt
                )
                yield ConsumeLoop(
                    group, source, assignment, worker, commits, self._progress, self.max_records
                )
        finally:
            await source.stop()

    async def _work(self, loop: ConsumeLoop, stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as tasks:
            background = [
                tasks.create_task(loop.commits.run()),
                tasks.create_task(self._progress.watch(loop.source)),
                tasks.create_task(DeadLetterDepth(self._name).watch(loop.source)),
                tasks.create_task(_halt_on(stop, loop.assignment)),
            ]
            working = tasks.create_task(loop.run(stop))
            overdue = tasks.create_task(
                _cancel_after(stop, working, self._settings.delivery.stop_deadline)
            )
            await asyncio.wait([working])
            for task in (*background, overdue):
                task.cancel()
        if isinstance(self._handler, Unhurried):
            await self._handler.settle()
        await loop.commits.flush()


async def _halt_on(stop: asyncio.Event, assignment: Assignment) -> None:
    await stop.wait()
    assignment.stop()


async def _cancel_after(
    stop: asyncio.Event, working: asyncio.Task[None], deadline: timedelta
) -> None:
    await stop.wait()
    await asyncio.sleep(deadline.total_seconds())
    logger.warning("stopped_unfinished")
    working.cancel()
