"""The table of what was promised, what was broken on purpose, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.judge import Verdict
from tests.faults.measures import Measure

BEGIN = "<!-- begin generated: make faults -->"
END = "<!-- end generated -->"
HEADINGS = (
    "promise",
    "fault",
    "load",
    "accepted",
    "rows",
    "seen",
    "missing",
    "duplicate",
    "longest pause",
    "verdict",
)


@dataclass
class Ledger:
    """Gathers the outcomes of a run."""

    lines: list[tuple[str, ...]] = field(default_factory=list)

    def enter(
        self,
        promise: str,
        fault: str,
        load: str,
        outcome: Verdict,
        seconds: float = 0.0,
        *,
        measures: Sequence[Measure] = (),
    ) -> None:
        """Take an outcome in, and say it; what was measured stands beside the verdict."""
        kept = outcome.kept and all(measure.held for measure in measures)
        line = (
            promise,
            fault,
            load,
            str(outcome.accepted),
            str(outcome.rows),
            str(outcome.seen),
            str(outcome.missing),
            str(outcome.duplicate),
            f"{outcome.longest_pause:.1f} s",
            "; ".join(["kept" if kept else "**broken**", *map(str, measures)]),
        )
        self.lines.append(line)
        said = ", ".join(f"{name} {value}" for name, value in zip(HEADINGS, line, strict=True))
        print(f"\n{said}, duration {seconds:.0f} s")  # noqa: T201 - the run's report

    def table(self, former: str = "") -> str:
        """Return the outcomes as a Markdown table, by promise; a former row stays until rerun."""
        lines = {line[:2]: line for line in [*_parsed(former), *self.lines]}
        ordered = sorted(lines.values(), key=lambda line: (_number(line[0]), line[1]))
        rows = [HEADINGS, ("---",) * len(HEADINGS), *ordered]
        return "".join(f"| {' | '.join(row)} |\n" for row in rows)

    def write(self, path: Path) -> None:
        """Put the table into the file's generated section."""
        before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
        former, end, after = rest.partition(END)
        assert begin, f"{path} has no generated section"
        assert end, f"{path}: the generated section has no end"
        path.write_text(f"{before}{BEGIN}\n\n{self.table(former)}\n{END}{after}", encoding="utf-8")


def _parsed(table: str) -> list[tuple[str, ...]]:
    rows = [tuple(cell.strip() for cell in row.split("|")[1:-1]) for row in table.splitlines()]
    return [row for row in rows if len(row) == len(HEADINGS) and _number(row[0])]


def _number(promise: str) -> int:
    digits = "".join(each for each in promise.partition(",")[0] if each.isdigit())
    return int(digits or 0)
