"""Reads the counts out of events."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC

from consumers.analytics.ports import Count, Counts, Metric
from schemas.events.chat import ConversationStarted, MessageSent
from schemas.events.envelope import Event
from schemas.events.insights import MessageAnalyzed
from schemas.events.replies import ReplyGenerated

TOTAL = ""
NO_INTENT = "none"


async def count(counts: Counts, events: Iterable[Event]) -> None:
    """Add new events to the counts; none of them may have been counted before."""
    tally = Counter(cell for event in events for cell in cells_of(event))
    if tally:
        await counts.add(tally)


def cells_of(event: Event) -> Iterator[Count]:
    """Return the cells that one event adds one to."""
    hour = event.occurred_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    match event:
        case MessageSent():
            yield Count(hour, Metric.MESSAGES, event.sender.kind)
        case ConversationStarted():
            yield Count(hour, Metric.CONVERSATIONS, TOTAL)
        case ReplyGenerated():
            yield Count(hour, Metric.REPLIES, event.source)
        case MessageAnalyzed():
            yield Count(hour, Metric.INTENTS, event.intent or NO_INTENT)
            yield Count(hour, Metric.SENTIMENTS, event.sentiment.label)
            yield Count(hour, Metric.LANGUAGES, event.language)
        case _:
            # An event that nobody asked to count.
            return
