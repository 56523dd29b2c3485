"""A consumer with failpoints that signals arm; tests run it in the place of the real one.

The product knows none of this: a stack has to be started with `--module` to run it.
"""

import asyncio
import os
import signal
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from uuid import uuid4

from consumers.delivery.app import run_consumer
from consumers.delivery.database import Database
from consumers.delivery.ports import Delivered, OffsetKeeper, Offsets, Partition
from consumers.delivery.process import run_process
from consumers.delivery.projection import PostgresOffsets
from consumers.delivery.settings import ConsumerSettings, ProjectionSettings
from consumers.nlp import app as nlp
from consumers.nlp.settings import NlpSettings
from runtime.errors import InvalidEventError
from schemas.events.chat import MessageSent
from schemas.events.envelope import Event
from schemas.topics import group_of
from tests.connected.delivery_bed import PROJECTIONS

FROZEN_SECONDS = 600.0
SLOW_SECONDS = 2.0
MARK = "failpoint"
"""A message that begins with this cannot be worked while `REFUSE_MARKED` is on."""


class Failpoint(IntEnum):
    """The signal that arms it."""

    DIE_BETWEEN_COMMITS = signal.SIGUSR1
    """The next batch is committed to the database; before Kafka hears of it, nobody is there."""
    FREEZE = signal.SIGUSR2
    """The event loop stands still; the process, its threads and its sockets do not."""
    SLOW = signal.SIGRTMIN
    """Each batch takes seconds from now on."""
    REFUSE_MARKED = signal.SIGRTMIN + 1
    """A defect, until it is disarmed."""
    COMMIT_FIRST = signal.SIGRTMIN + 2
    """A mutation: the position moves, then the process dies, and the work was never done."""
    SKIP_KEY = signal.SIGRTMIN + 3
    """A mutation: rows have keys of their own, not those of their events."""


@dataclass
class Saboteur:
    """Stands before the real keeper."""

    keeper: OffsetKeeper
    armed: set[Failpoint] = field(default_factory=set)

    def arm(self) -> None:
        """Listen for the signals; a second one disarms."""
        loop = asyncio.get_running_loop()
        for each in set(Failpoint) - {Failpoint.FREEZE}:
            loop.add_signal_handler(each, self.armed.symmetric_difference_update, {each})

    async def load(self, partitions: Iterable[Partition]) -> Offsets:
        """See `OffsetKeeper`."""
        return await self.keeper.load(partitions)

    async def store(self, batch: Sequence[Delivered], upto: Offsets) -> None:
        """See `OffsetKeeper`."""
        if Failpoint.REFUSE_MARKED in self.armed and any(marked(each) for each in batch):
            raise InvalidEventError("handler_error", MARK)
        if batch and Failpoint.COMMIT_FIRST in self.armed:
            await self.keeper.store((), upto)
            os.kill(os.getpid(), signal.SIGKILL)
        if Failpoint.SKIP_KEY in self.armed:
            batch = [replace(each, event=rekeyed(each.event)) for each in batch]
        if batch and Failpoint.SLOW in self.armed:
            await asyncio.sleep(SLOW_SECONDS)
        await self.keeper.store(batch, upto)
        if batch and Failpoint.DIE_BETWEEN_COMMITS in self.armed:
            os.kill(os.getpid(), signal.SIGKILL)


def rekeyed(event: Event) -> Event:
    """Return the event under a key that nothing else will ever have."""
    return event.model_copy(update={"event_id": uuid4()})


def marked(delivered: Delivered) -> bool:
    """Whether this is one of the messages that the defect is about."""
    event = delivered.event
    return isinstance(event, MessageSent) and event.text.startswith(MARK)


def freeze_on_signal() -> None:
    """Let the loop be frozen."""
    asyncio.get_running_loop().add_signal_handler(Failpoint.FREEZE, time.sleep, FROZEN_SECONDS)


async def serve_view(settings: ProjectionSettings) -> None:
    """Run the view that the instance is named after."""
    name = settings.instance
    database = Database(settings.database_url.get_secret_value())
    saboteur = Saboteur(PostgresOffsets(database, group_of(name), PROJECTIONS[name]()))
    saboteur.arm()
    freeze_on_signal()
    try:
        await run_consumer(name=name, settings=settings, handler=saboteur)
    finally:
        await database.close()


async def serve_nlp(settings: NlpSettings) -> None:
    """Run the assistant; only its loop can be frozen."""
    freeze_on_signal()
    await nlp.serve(settings)


if __name__ == "__main__":
    instance = ConsumerSettings.from_environment().instance
    if instance == nlp.NAME:
        run_process(instance, NlpSettings, serve_nlp)
    else:
        run_process(instance, ProjectionSettings.from_environment, serve_view)
