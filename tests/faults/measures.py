"""What a run measured beside its verdict; a bound that does not hold breaks the row."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """One figure and the most it may be."""

    name: str
    value: float
    most: float
    unit: str = "s"

    @property
    def held(self) -> bool:
        """Whether it is within its bound."""
        return self.value <= self.most

    def __str__(self) -> str:
        return f"{self.name} {self.value:.2f} {self.unit} (≤ {self.most:.2f})"


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that so many percent of the values do not exceed."""
    assert values, "nothing was measured"
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
