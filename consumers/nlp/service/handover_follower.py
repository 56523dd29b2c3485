"""Keeps a replica's memory of hand-overs on the changelog, whoever wrote to it."""

import asyncio
from collections.abc import Callable
from typing import Protocol
from uuid import UUID

from consumers.nlp.service.following import EventLog
from consumers.nlp.service.handovers import Handovers
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.handovers import HandoversNoted

PATIENCE_SECONDS = 10.0
"""Then the consume loop waits, and asks again."""


class MeasuredLog(EventLog, Protocol):
    """An `EventLog` that says how far it was read, and how far it goes."""

    @property
    def position(self) -> int:
        """The offset of what `poll` returns next."""
        ...

    async def end(self) -> int:
        """
        Return the offset behind everything that is accepted there now.

        Raises:
            RetryableError: the broker is away, or nothing was polled yet.
        """
        ...


class HandoverFollower:
    """Follows the changelog; `handed` hears of each conversation that a person handles now."""

    def __init__(
        self,
        log: MeasuredLog,
        handovers: Handovers,
        clock: HybridLogicalClock,
        handed: Callable[[UUID], None],
    ) -> None:
        self._log = log
        self._handovers = handovers
        self._clock = clock
        self._handed = handed
        self._upto = 0
        self._read = asyncio.Condition()

    async def prepare(self) -> None:
        """
        Return when everything that was on the changelog at the call is known.

        Called after an assignment: what the members before wrote of its partitions is there then.

        Raises:
            RetryableError: not yet; ask again.
        """
        end = await self._log.end()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._read:
                await self._read.wait_for(lambda: self._upto >= end)
        except TimeoutError:
            raise RetryableError(f"hand-overs read up to {self._upto} of {end}") from None

    @property
    def caught_up(self) -> bool:
        """See `consumers.nlp.service.following.Reader`."""
        return self._log.caught_up

    async def read(self) -> None:
        """
        Take in what comes next.

        Raises:
            RetryableError: the broker is away.
        """
        poor: dict[UUID, HandoversNoted] = {}
        for event in await self._log.poll():
            self._clock.observe(event.occurred_at)
            if not isinstance(event, HandoversNoted):
                continue
            conversation = event.conversation_id
            if self._handovers.learn(event):
                poor.pop(conversation, None)
            else:
                poor[conversation] = event
            if self._handovers.with_person(conversation):
                self._handed(conversation)
        async with self._read:
            self._upto = self._log.position
            self._read.notify_all()
        for event in poor.values():
            await self._handovers.mend(event)
