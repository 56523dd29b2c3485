"""An edge from which signals take a mechanism out; tests run it in the place of the real one."""

import asyncio
import itertools
import sys
from enum import IntEnum
from signal import SIGUSR1, SIGUSR2
from typing import Self

from edge_ws import __main__ as process
from edge_ws import backlog, server
from edge_ws.ring import Ring
from producers.kafka import KafkaEventPublisher
from producers.ports import Published, PublishStatus
from schemas.events.envelope import Event
from schemas.topics import Topic

DROPPED = 3
"""One of so many events is not kept for those who come back."""


class Mutation(IntEnum):
    """The signal that brings it on, and takes it back."""

    ACCEPT_FIRST = SIGUSR1
    """`accepted` is said before the broker has the record."""
    DROP_RING_ENTRIES = SIGUSR2
    """Some events are not kept for those who come back, and nothing tells."""


active: set[Mutation] = set()
_counter = itertools.count()
_publishing: set[asyncio.Task[Published]] = set()


class HastyPublisher(KafkaEventPublisher):
    """Says `accepted` and only then asks the broker."""

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for each in Mutation:
            loop.add_signal_handler(each, active.symmetric_difference_update, {each})
        return await super().__aenter__()

    async def publish(self, event: Event) -> Published:
        """Put the event on its topic, some time."""
        if Mutation.ACCEPT_FIRST not in active:
            return await super().publish(event)
        task = asyncio.create_task(super().publish(event))
        _publishing.add(task)
        task.add_done_callback(_publishing.discard)
        return Published(PublishStatus.ACCEPTED, Topic.CHAT_MESSAGES)


class LeakyRing(Ring):
    """Forgets an event now and then, and looks complete."""

    __slots__ = ()

    def keep(self, offset: int, key: bytes, payload: bytes, now: float) -> None:
        """Take the newest event in, mostly."""
        if Mutation.DROP_RING_ENTRIES in active and next(_counter) % DROPPED == 0:
            self.pass_over(offset)
        else:
            super().keep(offset, key, payload, now)


if __name__ == "__main__":
    server.KafkaEventPublisher = HastyPublisher  # type: ignore[attr-defined]
    backlog.Ring = LeakyRing  # type: ignore[attr-defined]
    sys.exit(process.main())
