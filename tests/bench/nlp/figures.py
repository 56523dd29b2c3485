"""One figure of the assistant's bench: what was reached, and what it must be."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One figure with its unit; bounds are None where nothing is promised."""

    name: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None
    published: str = ""
    """What others reached, with the source."""

    @property
    def met(self) -> bool | None:
        """Whether it is within its bounds; None without any."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most

    @property
    def aim(self) -> str:
        """The bound, for people."""
        if self.at_least is not None:
            return f"≥ {self.at_least:g}"
        return "" if self.at_most is None else f"≤ {self.at_most:g}"


Figures = Iterator[Figure]
