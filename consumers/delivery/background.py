"""Work beside the loop: a defect in it is told, and may not stop it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager

import structlog

RESTART_SECONDS = 5.0

logger = structlog.get_logger(__name__)


@asynccontextmanager
async def kept_going_beside(
    work: Callable[[], Coroutine[object, object, None]],
) -> AsyncIterator[None]:
    """Do it while the block runs; see `kept_going`."""
    doing = asyncio.create_task(kept_going(work))
    try:
        yield
    finally:
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)


async def kept_going(work: Callable[[], Coroutine[object, object, None]]) -> None:
    """Do it until cancelled: a defect in it is told, and may not stop the rest."""
    while True:
        doing = asyncio.create_task(work())
        try:
            await asyncio.wait([doing])
        finally:
            doing.cancel()
        if not doing.cancelled() and doing.exception() is not None:
            logger.error("background_work_ended", exc_info=doing.exception())
        await asyncio.sleep(RESTART_SECONDS)
