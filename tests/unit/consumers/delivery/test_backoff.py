"""Pauses grow, stay below the cap, and end at once when told."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.delivery.backoff import Backoff
from consumers.delivery.errors import AbandonedError


@given(attempt=st.integers(min_value=1, max_value=10_000_000))
def test_a_pause_is_never_nothing_and_never_above_the_cap(attempt: int) -> None:
    """An outage of days neither spins nor overflows."""
    backoff = Backoff()
    assert 0.05 <= backoff.delay(attempt) <= backoff.cap.total_seconds()


async def test_a_halt_ends_the_pause() -> None:
    """Nobody waits for a backoff to run out."""
    halt = asyncio.Event()
    halt.set()
    backoff = Backoff(first=timedelta(hours=1), cap=timedelta(hours=1))
    async with asyncio.timeout(1):
        with pytest.raises(AbandonedError):
            await backoff.wait(1, halt)
