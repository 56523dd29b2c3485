"""What every fault test gets: a trial on the shared stack, the ledger and the seed of the run."""

from collections.abc import Generator
from pathlib import Path

import pytest

from tests import exploring
from tests.faults.promises import Ledger
from tests.faults.trial import Trial
from tests.stack import Stack


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make faults` say where the table goes, and others which schedules are tried."""
    parser.addoption("--promises", type=Path, help="Write the table of outcomes into this file.")
    parser.addoption("--seed", type=int, default=exploring.SEED, help="Try other schedules.")


def pytest_configure(config: pytest.Config) -> None:
    """Choose the seed, before any test is imported."""
    exploring.SEED = config.getoption("seed", default=exploring.SEED)


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
