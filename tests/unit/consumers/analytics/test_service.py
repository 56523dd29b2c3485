"""What each event adds to the counts."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone

from consumers.analytics.ports import Count, Metric
from consumers.analytics.service import cells_of, count
from schemas.events.admin import ActionRecorded
from schemas.events.chat import MessageSent
from schemas.events.insights import MessageAnalyzed
from schemas.generate.examples import EXAMPLES

MESSAGE = next(each for each in EXAMPLES if isinstance(each, MessageSent))
INSIGHT = next(each for each in EXAMPLES if isinstance(each, MessageAnalyzed))


class InMemoryCounts:
    """Adds up."""

    def __init__(self) -> None:
        self.kept: Counter[Count] = Counter()

    async def add(self, counted: Mapping[Count, int]) -> None:
        self.kept.update(counted)


async def test_counts_add_up() -> None:
    """However events are batched, the sums are the same."""
    together, apart = InMemoryCounts(), InMemoryCounts()
    await count(together, EXAMPLES)
    for event in EXAMPLES:
        await count(apart, [event])
    assert together.kept == apart.kept
    assert {cell.metric for cell in together.kept} == set(Metric)


def test_the_hour_is_utc() -> None:
    """An event belongs to the hour in UTC, whatever zone its writer was in."""
    zone = timezone(timedelta(hours=5, minutes=30))
    event = MESSAGE.model_copy(update={"occurred_at": datetime(2026, 1, 1, 0, 15, tzinfo=zone)})
    (cell,) = cells_of(event)
    assert cell == Count(datetime(2025, 12, 31, 18, tzinfo=UTC), Metric.MESSAGES, "user")


def test_a_message_without_intent_is_counted_as_such() -> None:
    """Unrecognized messages are a number to watch."""
    cells = list(cells_of(INSIGHT.model_copy(update={"intent": None})))
    assert "none" in [cell.dimension for cell in cells if cell.metric is Metric.INTENTS]


async def test_what_nobody_asked_for_is_not_counted() -> None:
    """Other events change nothing."""
    counts = InMemoryCounts()
    await count(counts, [each for each in EXAMPLES if isinstance(each, ActionRecorded)])
    assert not counts.kept
