"""What nobody waits for any more is dropped unread, counted, and never dead-lettered."""

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client import REGISTRY

from consumers.delivery.late import is_late
from consumers.delivery.ports import Record
from schemas import headers as names
from schemas.events.ai import ReadIntent
from schemas.generate.ai_examples import AI_EXAMPLES
from schemas.text import format_instant
from schemas.topics import Topic, retry_topic
from tests.unit.consumers.delivery.samples import record_of
from tests.unit.consumers.delivery.test_work import Bench

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
REQUEST = next(event for event in AI_EXAMPLES if isinstance(event, ReadIntent))


def record(deadline: bytes | None) -> Record:
    """Return a record with this deadline, and nothing else that could be read."""
    return Record("ai-requests", 0, 0, None, None, ((names.DEADLINE, deadline),), 0)


def request(offset: int, deadline: datetime) -> Record:
    """Return a request that is waited for until then."""
    return record_of(REQUEST.model_copy(update={"deadline": deadline}), offset)


@pytest.mark.parametrize(
    ("deadline", "late"),
    [
        (format_instant(NOW - timedelta(microseconds=1)).encode(), True),
        (format_instant(NOW).encode(), False),
        (format_instant(NOW + timedelta(seconds=5)).encode(), False),
        (b"2026-03-01T11:00:00+02:00", True),
        (b"2026-03-01T11:00:00", False),
        (b"soon", False),
        (b"\xff", False),
        (None, False),
    ],
)
def test_a_deadline_is_an_instant(deadline: bytes | None, *, late: bool) -> None:
    """One without a time zone, or that is none, drops nothing: decoding will tell."""
    assert is_late(record(deadline), NOW) is late


async def test_late_work_is_dropped_and_counted() -> None:
    """The position moves past it; what is in time is stored, and nothing is buried."""
    bench, now = Bench(), datetime.now(UTC)
    labels = {"group": "chat-test", "topic": Topic.AI_REQUESTS.value}
    name = "chat_consume_late_total"
    before = REGISTRY.get_sample_value(name, labels) or 0.0
    late = request(0, now - timedelta(seconds=1))
    redriven = Record(
        retry_topic(Topic.AI_REQUESTS, "nlp"), 0, 4, late.key, late.value, late.headers, 0
    )
    upto = await bench.worker.work([late, request(1, now + timedelta(hours=1)), redriven])
    assert (bench.stored, bench.buried) == ([1], [])
    assert dict(upto) == {late.source: 2, redriven.source: 5}
    assert (REGISTRY.get_sample_value(name, labels) or 0.0) == before + 2
