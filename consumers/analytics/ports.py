"""What analytics counts, and what it asks of the place the counts are kept."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, Protocol


class Metric(StrEnum):
    """What is counted; the dimension breaks it down."""

    MESSAGES = "messages"
    """By sender kind."""
    CONVERSATIONS = "conversations"
    """In total."""
    REPLIES = "replies"
    """By source."""
    INTENTS = "intents"
    """By name; `none` where nothing was recognized."""
    SENTIMENTS = "sentiments"
    """By label."""
    LANGUAGES = "languages"
    """By code."""


class Count(NamedTuple):
    """One cell: how often, in this hour (UTC), this metric had this dimension."""

    hour: datetime
    metric: Metric
    dimension: str


class Counts(Protocol):
    """Keeps counts; additions commute."""

    async def add(self, counted: Mapping[Count, int]) -> None:
        """Add to what is there."""
        ...
