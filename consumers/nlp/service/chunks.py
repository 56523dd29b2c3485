"""Cuts long work for the one inference thread, so that messages get their turn in between."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import TypeVar

from consumers.nlp.service.assistant import CHUNK

_Result = TypeVar("_Result")


async def in_chunks(
    executor: Executor, work: Callable[[Sequence[str]], _Result], texts: Sequence[str]
) -> list[_Result]:
    """What the work makes of each chunk, in the order of the texts."""
    loop = asyncio.get_running_loop()
    return [
        await loop.run_in_executor(executor, work, texts[start : start + CHUNK])
        for start in range(0, len(texts), CHUNK)
    ]
