"""Carries a planned redrive out: told to the audit first, then record by record, in order."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from cli.dlq.audit import record_action
from cli.dlq.letters import Letter
from infra.embedded.errors import StackError
from producers.dead_letters import Header, Redrive, redriven
from producers.ports import EventPublisher
from runtime.errors import RetryableError
from schemas.events.admin import Action
from schemas.topics import Lane


class Copies(Protocol):
    """Puts records on a topic as they are; see `producers.verbatim.VerbatimPublisher`."""

    async def publish(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[Header],
    ) -> object:
        """Return when all in-sync replicas have it; RetryableError when that is not sure."""
        ...


@dataclass(frozen=True, kw_only=True)
class Carrier:
    """Puts dead letters of one lane on its retry topic."""

    lane: Lane
    copies: Copies
    audit: EventPublisher
    rate: float | None = None
    """Records per second; None is as fast as it goes."""

    async def carry(
        self,
        redrives: Sequence[tuple[Letter, Redrive]],
        told: Mapping[str, JsonValue],
        advance: Callable[[], None] = lambda: None,
    ) -> None:
        """Redrive all of them.

        The audit hears of it before it is done, so that nothing is ever done unheard; when it
        stops half way, it hears of that as well, if anybody listens.
        Raises StackError when it could not be finished; what was done is remembered.
        """
        about: dict[str, JsonValue] = {**told, "records": len(redrives)}
        await record_action(self.audit, Action.DEAD_LETTERS_REDRIVEN, self.lane, about)
        done, started = 0, time.monotonic()
        try:
            for letter, redrive in redrives:
                await self._pace(done, started)
                await self._copy(letter, redrive)
                done += 1
                advance()
        except RetryableError as error:
            message = f"stopped after {done} of {len(redrives)}: {error}; the same command goes on"
            raise StackError(message) from error
        finally:
            if done < len(redrives):
                with contextlib.suppress(StackError):
                    stopped = {**about, "redriven": done}
                    await record_action(self.audit, Action.REDRIVE_STOPPED, self.lane, stopped)

    async def _pace(self, done: int, started: float) -> None:
        if self.rate is not None:
            await asyncio.sleep(max(0.0, started + done / self.rate - time.monotonic()))

    async def _copy(self, letter: Letter, redrive: Redrive) -> None:
        await self.copies.publish(
            self.lane.retries,
            # Where its key stands on the topic itself.
            redrive.origin.partition,
            letter.key,
            letter.value,
            redriven(letter.headers, redrive),
        )
