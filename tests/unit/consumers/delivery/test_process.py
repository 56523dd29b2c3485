"""A consumer that is set up wrongly says so in one line."""

import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT

VIEWS = ["persistence", "personalization", "analytics", "audit"]


def start(name: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", f"consumers.{name}"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("name", VIEWS)
def test_a_missing_setting_is_named(name: str) -> None:
    """Status 2 and the variable to set, no traceback."""
    done = start(name)
    assert done.returncode == 2
    assert done.stderr == f"{name}: PARLEY_DATABASE_URL: Field required\n"


def test_a_wrong_value_is_not_quoted() -> None:
    """What is wrong is named; a secret put in the wrong place is not printed."""
    done = start("audit", PARLEY_DATABASE_URL="postgresql://x", PARLEY_HEALTH__PORT="hunter2")
    assert done.returncode == 2
    assert done.stderr.startswith("audit: PARLEY_HEALTH__PORT: ")
    assert "hunter2" not in done.stderr
