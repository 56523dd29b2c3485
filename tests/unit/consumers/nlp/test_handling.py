"""Who handles a record, made of hand-overs that may come twice, in any order, and too late."""

import random
from datetime import timedelta
from uuid import uuid4

import pytest

from consumers.nlp.service.handling import KEPT, Changes, handler_at, handler_of, merged
from schemas.events.chat import Handler
from schemas.events.handovers import HandoverChange
from tests.unit.consumers.nlp.samples import AT


def change(place: int, to: Handler, *, second: float | None = None) -> HandoverChange:
    """A hand-over at a place; it happened then, or at the second that is said."""
    at = AT + timedelta(seconds=place if second is None else second)
    return HandoverChange(place=place, occurred_at=at, event_id=uuid4(), to=to)


CALLED, RETURNED = change(10, Handler.AGENT), change(20, Handler.ASSISTANT)


def test_without_a_hand_over_it_is_the_assistants() -> None:
    """As it always was."""
    assert handler_of(()) is handler_at((), 7) is Handler.ASSISTANT


@pytest.mark.parametrize(
    ("place", "handler"),
    [
        (9, Handler.ASSISTANT),
        (10, Handler.ASSISTANT),
        (11, Handler.AGENT),
        (20, Handler.AGENT),
        (21, Handler.ASSISTANT),
    ],
)
def test_a_record_meets_what_stands_before_it(place: int, handler: Handler) -> None:
    """Worked again after all is over, it meets what it met the first time."""
    assert handler_at((CALLED, RETURNED), place) is handler


def test_the_latest_counts_not_the_last_read() -> None:
    """Two edges at the same moment: everybody takes the one that history takes."""
    earlier = change(11, Handler.ASSISTANT, second=9.5)
    assert handler_of((CALLED, earlier)) is Handler.AGENT
    assert handler_at((CALLED, earlier), 12) is Handler.AGENT


@pytest.mark.parametrize("seed", range(5))
def test_merging_is_the_same_in_any_order(seed: int) -> None:
    """What two replicas know of one conversation comes together, repeats and all."""
    chance = random.Random(seed)
    every = [change(place, chance.choice(list(Handler))) for place in range(KEPT)]
    whole = merged((), every)
    known: Changes = ()
    for _ in range(6):
        known = merged(known, chance.sample(every, 3))
    assert merged(known, every) == merged(tuple(every), known) == whole
    assert [each.place for each in whole] == list(range(KEPT))


def test_what_is_dropped_changes_nothing_for_now() -> None:
    """However often it is handed over: the oldest places go, the one that counts stays."""
    early = change(0, Handler.AGENT, second=3600)
    known: Changes = (early,)
    for place in range(1, 3 * KEPT):
        known = merged(known, [change(place, Handler.ASSISTANT)])
    assert len(known) == KEPT
    assert handler_of(known) is Handler.AGENT
    assert early in known
