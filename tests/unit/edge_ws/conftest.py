"""A running edge for each test that asks for one."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.edge_ws.stage import NO_RING, Stage, create_stage, running


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """An edge with everything around it in memory."""
    async with running(create_stage()) as ready:
        yield ready


@pytest.fixture
async def forgetful() -> AsyncIterator[Stage]:
    """An edge whose rings hold nothing."""
    async with running(create_stage(ring=NO_RING)) as ready:
        yield ready
