"""What holds for every test: a test that does not run has not passed."""

import logging
from collections.abc import Generator, Iterator

import pytest
import structlog

from tests.faults.promises import Ledger
from tests.promised import MARKER, Outcomes
from tests.stack import Stack, started

OUTCOMES = pytest.StashKey[Outcomes]()


def pytest_configure(config: pytest.Config) -> None:
    """Let tests say which promise they prove."""
    config.addinivalue_line("markers", MARKER)
    config.stash[OUTCOMES] = Outcomes()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Put what became of those promises into the table, when the run was asked for one."""
    path = session.config.getoption("promises", default=None)
    if path is not None:
        Ledger(session.config.stash[OUTCOMES].lines()).write(path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that skips itself; expected failures keep their own rules."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed: {report.longrepr}"
    item.config.stash[OUTCOMES].note(item, report)
    return report


@pytest.fixture(autouse=True)
def _logging_ends_with_the_test() -> Iterator[None]:
    """A process run inside a test sets logging up; the next test would log to a closed stream."""
    root = logging.getLogger()
    before, level = [*root.handlers], root.level
    yield
    if root.handlers != before:
        root.handlers[:] = before
        root.setLevel(level)
        structlog.reset_defaults()


@pytest.fixture(scope="session")
def infra_stack() -> Generator[Stack]:
    """Give Kafka, PostgreSQL and Valkey with topics and tables, started once per run."""
    with started(infrastructure_only=True) as running:
        yield running


@pytest.fixture(scope="session")
def stack() -> Generator[Stack]:
    """Give everything, started once per run; a test that hurts it leaves it ready again."""
    with started(infrastructure_only=False) as running:
        yield running
