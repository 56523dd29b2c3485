"""Work that takes seconds and goes on beside the batches, so that none waits for it."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import structlog

SETTLE_SECONDS = 5.0
"""Well within the time that a stopping consumer has (`DeliverySettings.stop_deadline`)."""

logger = structlog.get_logger(__name__)


class Beside:
    """Runs work in the background; under one key one after the other, in the order of `begin`."""

    def __init__(self, settle: float = SETTLE_SECONDS) -> None:
        self._settle = settle
        self._lines: dict[UUID, list[asyncio.Task[None]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __contains__(self, key: UUID) -> bool:
        """Whether work under this key goes on."""
        return key in self._lines

    def begin(self, key: UUID, work: Callable[[], Awaitable[None]]) -> None:
        """Do this as soon as everything before it under the same key is done."""
        line = self._lines.setdefault(key, [])
        task = asyncio.create_task(self._run(line[-1] if line else None, work))
        line.append(task)
        self._tasks.add(task)
        task.add_done_callback(partial(self._done, key))

    def drop(self, key: UUID) -> None:
        """Give up everything under this key; what begins under it from now on is new."""
        for task in self._lines.pop(key, []):
            task.cancel()

    async def settle(self) -> None:
        """Wait a little for what is under way, and give up the rest."""
        if not self._tasks:
            return
        _, late = await asyncio.wait(set(self._tasks), timeout=self._settle)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def _run(
        self,
        before: asyncio.Task[None] | None,
        work: Callable[[], Awaitable[None]],
    ) -> None:
        try:
            if before is not None:
                await asyncio.wait([before])
            await work()
        except Exception as error:  # noqa: BLE001 - the boundary of this task
            logger.warning("work_beside_failed", error=type(error).__name__)

    def _done(self, key: UUID, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        line = self._lines.get(key, [])
        # After a drop the line under this key may be another one.
        if task in line:
            line.remove(task)
            if not line:
                del self._lines[key]
