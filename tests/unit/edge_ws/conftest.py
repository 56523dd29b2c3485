"""A running edge for each test that asks for one."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.edge_ws.stage import Stage, create_stage, running


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    """An edge with everything around it in memory."""
    async with running(create_stage()) as ready:
        yield ready
