"""How long somebody waits for what a language model writes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

WAY_BACK_SECONDS = 0.5
"""Of the time that somebody waits, what stays for the answer to travel in."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds from the beginning to the first words, and to the last ones."""

    first: float
    whole: float

    @classmethod
    def until(cls, answer_by: datetime, now: datetime, *, streamed: bool) -> Self:
        """What is left of it until then; of a streamed text only the first words must be there."""
        left = max(0.0, (answer_by - now).total_seconds() - WAY_BACK_SECONDS)
        return cls(first=left, whole=float("inf") if streamed else left)
