"""Deadlines: passed is late, long passed is a wrong clock, redriven is wanted."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from consumers.delivery.deadline import BELIEVED, split_late
from consumers.delivery.ports import Delivered
from producers.dead_letters import Origin, Parked, Redrive, parked, redriven
from tests.unit.consumers.delivery.samples import MESSAGE, record_of

BY = MESSAGE.occurred_at + timedelta(seconds=60)
ORIGIN = Origin("chat-messages", 0, 0, 0)
LATER = timedelta(seconds=1)


def question(answer_by: datetime | None) -> Delivered:
    """Return a question that waits until then."""
    event = MESSAGE.model_copy(update={"answer_by": answer_by})
    return Delivered(event, record_of(event))


@pytest.mark.parametrize(
    ("answer_by", "now", "late"),
    [
        (BY, BY, False),
        (BY, BY + LATER, True),
        (BY, BY + BELIEVED, True),
        (BY, BY + BELIEVED + LATER, False),
        (BY, BY - timedelta(days=1), False),
        (None, BY + LATER, False),
    ],
)
def test_late_is_past_the_deadline_believably(
    answer_by: datetime | None, now: datetime, *, late: bool
) -> None:
    """A clock that is a day wrong, either way, makes nobody fall silent."""
    each = question(answer_by)
    assert split_late([each], now) == (([], [each]) if late else ([each], ()))


def test_what_is_parked_may_become_late_and_what_is_redriven_may_not() -> None:
    """Nobody waits for a parked question for ever; the operator who redrives wants it done."""
    each = question(BY)
    retry = replace(each.record, topic="chat-messages-nlp-retry")
    waited = parked(retry.headers, Parked(origin=ORIGIN, attempt=1, due=0))
    wanted = redriven(retry.headers, Redrive(origin=ORIGIN, group="chat-nlp", attempt=1))
    batch = [Delivered(each.event, replace(retry, headers=headers)) for headers in (waited, wanted)]
    assert split_late(batch, BY + LATER) == ([batch[1]], [batch[0]])
