"""The bench's table: what was reached beside what was aimed at."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table

from tests.bench.figures import LoadFigures, Stages


@dataclass(frozen=True)
class Line:
    """One figure; `limit` is what it must not exceed, None when there is none."""

    name: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the figure is within its limit."""
        return None if self.limit is None else self.value <= self.limit


def load_lines(figures: LoadFigures, limits: Mapping[str, float], note: str = "") -> list[Line]:
    """Return the lines of one load run; limits by line name, `note` ends each name."""
    at = f"at {figures.rate:.0f}/s{note}"
    lines = [
        ("sent", float(figures.sent), ""),
        ("neither accepted nor busy", float(figures.sent - figures.accepted - figures.busy), ""),
        ("told busy", float(figures.busy), ""),
        ("told that it is too late", float(figures.declined), ""),
        (
            "accepted, nothing heard",
            float(figures.accepted - figures.answered - figures.declined),
            "",
        ),
        ("answered twice", float(figures.answered_twice), ""),
        ("accept p50", figures.accept_ms.p50, "ms"),
        ("accept p99", figures.accept_ms.p99, "ms"),
        ("answer p50", figures.answer_ms.p50, "ms"),
        ("answer p95", figures.answer_ms.p95, "ms"),
        ("answer p99", figures.answer_ms.p99, "ms"),
        ("behind at the end", figures.seconds_behind, "s"),
        ("processor time per message", figures.cpu_ms_per_message, "ms"),
    ]
    return [
        *(Line(f"{name} {at}", value, unit, limits.get(name)) for name, value, unit in lines),
        *(Line(f"  {name}", used, "ms") for name, used in figures.cpu_ms_by_process.items()),
    ]


def stage_lines(stages: Stages) -> list[Line]:
    """Return where an answer's time goes."""
    return [
        Line(f"  {name.replace('_', ' ')}", value, "ms") for name, value in asdict(stages).items()
    ]


def show(lines: list[Line], console: Console) -> None:
    """Print the table."""
    table = Table("figure", "reached", "must be", "")
    for line in lines:
        verdict = {None: "", True: "[green]met[/]", False: "[red]missed[/]"}[line.met]
        bound = "" if line.limit is None else f"≤ {line.limit:g} {line.unit}"
        table.add_row(line.name, f"{line.value:,.2f} {line.unit}", bound, verdict)
    console.print(table)
