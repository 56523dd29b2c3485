"""What every fault test gets: a trial on the shared stack, and the ledger of the run."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests.faults.promises import Ledger
from tests.faults.trial import Trial
from tests.stack import Stack


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make faults` say where the table goes."""
    parser.addoption("--promises", type=Path, help="Write the table of outcomes into this file.")


@pytest.fixture(scope="session")
def ledger(pytestconfig: pytest.Config) -> Generator[Ledger]:
    """Give the run's table; it is written when the run was asked to."""
    kept = Ledger()
    yield kept
    path = pytestconfig.getoption("promises", default=None)
    if path is not None:
        kept.write(path)


@pytest.fixture
def trial(stack: Stack, ledger: Ledger) -> Trial:
    """Give a trial on the stack that all tests share."""
    return Trial(stack, ledger)
