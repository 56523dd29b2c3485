"""Work that takes seconds and goes on beside the batches, so that none waits for it."""

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

SETTLE_SECONDS = 5.0
"""Well within the time that a stopping consumer has (`DeliverySettings.stop_deadline`)."""

logger = structlog.get_logger(__name__)


class Beside:
    """Runs work in the background; under one key one after the other, in the order of `begin`."""

    def __init__(self, settle: float = SETTLE_SECONDS) -> None:
        self._settle = settle
        self._last: dict[UUID, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def __contains__(self, key: UUID) -> bool:
        """Whether work under this key goes on."""
        return key in self._last

    def begin(self, key: UUID, work: Callable[[], Awaitable[None]]) -> None:
        """Do this as soon as everything before it under the same key is done."""
        task = asyncio.create_task(self._run(key, self._last.get(key), work))
        self._last[key] = task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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
        key: UUID,
        before: asyncio.Task[None] | None,
        work: Callable[[], Awaitable[None]],
    ) -> None:
        try:
            if before is not None:
                await asyncio.wait([before])
            await work()
        except Exception as error:  # noqa: BLE001 - the boundary of this task
            logger.warning("work_beside_failed", error=type(error).__name__)
        finally:
            if self._last.get(key) is asyncio.current_task():
                del self._last[key]
