"""What holds for every test: a test that does not run has not passed."""

from collections.abc import Generator

import pytest

from tests.stack import Stack, started


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that skips itself; expected failures keep their own rules."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which counts as failed: {report.longrepr}"
    return report


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
