"""How long tests look, shortly or long; how hypothesis is used: seeded, so as to be repeated."""

from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.strategies import SearchStrategy

SEED = 20261123
"""What all schedules and examples are made of; `pytest --seed N` chooses another."""

Drawn = TypeVar("Drawn")


def lengths(short: float, long: float) -> list[object]:
    """Return how many examples or seconds `make test` and `make faults` try, as parameters."""
    return [
        pytest.param(short, marks=pytest.mark.quick),
        pytest.param(long, marks=pytest.mark.slow),
    ]


def bounded(examples: int, steps: int = 50) -> settings:
    """Return the settings of a run; neither the machine's pace nor a former run decides."""
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


def explore(check: Callable[[Drawn], None], drawn: SearchStrategy[Drawn], examples: int) -> None:
    """Let a check see this many examples."""

    def of_one(example: Drawn) -> None:
        check(example)

    bounded(examples)(seed(SEED)(given(drawn)(of_one)))()
