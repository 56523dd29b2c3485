"""Work beside the loop: a defect in it is told, and may not stop it."""

import asyncio
from collections.abc import Callable, Coroutine

import structlog

RESTART_SECONDS = 5.0

logger = structlog.get_logger(__name__)


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
