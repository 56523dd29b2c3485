"""Promises that ordinary tests prove: `@pytest.mark.promise` puts their outcomes into the table.

A test may say more of its load by `record_property("load", ...)`.
"""

from dataclasses import dataclass, field

import pytest

from tests.faults.promises import HEADINGS

MARKER = "promise(number, fault): the outcome belongs to this row of docs/promises.md"


@dataclass
class _Row:
    cases: int = 0
    failed: int = 0
    seconds: float = 0.0
    said: dict[str, None] = field(default_factory=dict)


@dataclass
class Outcomes:
    """Gathers what became of the tests that carry a promise."""

    rows: dict[tuple[str, str], _Row] = field(default_factory=dict)

    def note(self, item: pytest.Item, report: pytest.TestReport) -> None:
        """Count a case that has ended, or broke before it began."""
        if report.when != "call" and not report.failed:
            return
        for marker in item.iter_markers("promise"):
            number, fault = marker.args
            row = self.rows.setdefault((number, fault), _Row())
            row.cases += 1
            row.failed += report.failed
            row.seconds += report.duration
            row.said.update(
                (str(value), None) for name, value in report.user_properties if name == "load"
            )

    def lines(self) -> list[tuple[str, ...]]:
        """Return the rows as the table has them; most of its columns are about messages."""
        return [_line(place, row) for place, row in self.rows.items()]


def _line(place: tuple[str, str], row: _Row) -> tuple[str, ...]:
    cells = {
        "promise": place[0],
        "fault": place[1],
        "load": "; ".join(row.said) or f"{row.cases} cases",
        "missing": str(row.failed),
        "verdict": "**broken**" if row.failed else "kept",
    }
    print(f"\n{', '.join(cells.values())}, duration {row.seconds:.0f} s")  # noqa: T201 - the run's report
    return tuple(cells.get(name, "-") for name in HEADINGS)
