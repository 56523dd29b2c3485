"""Any process may be killed under traffic: nothing accepted is lost, doubled or left unanswered."""

import pytest

from tests.faults.trial import Trial, in_thread

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]

QUICK = ("kafka", "postgres", "valkey", "nlp")
SLOW = ("persistence", "edge-ws", "gateway", "personalization", "analytics")
PROCESSES = [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]


@pytest.mark.parametrize("process", PROCESSES)
async def test_killed_under_traffic(trial: Trial, process: str) -> None:
    """Every accepted message is stored once, answered once and seen once."""
    await trial.run("P1", f"kill -9 {process}", in_thread(trial.stack.kill, process))
