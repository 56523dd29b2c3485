"""The clock never goes back and never lies before what was read."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from runtime.clock import MAX_DRIFT, HybridLogicalClock, wall_clock

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
OFFSETS = st.integers(-(10**12), 10**12).map(lambda us: timedelta(microseconds=us))


class Wall:
    """A wall clock that the test sets."""

    def __init__(self) -> None:
        self.now = EPOCH

    def __call__(self) -> datetime:
        return self.now


@given(st.lists(st.tuples(st.sampled_from(["stamp", "observe", "set"]), OFFSETS)))
def test_stamps_only_grow(steps: list[tuple[str, timedelta]]) -> None:
    """Whatever is read and however the wall clock jumps."""
    wall = Wall()
    clock = HybridLogicalClock(wall)
    stamps = []
    for step, offset in steps:
        if step == "stamp":
            stamps.append(clock.stamp())
        elif step == "observe":
            clock.observe(EPOCH + offset)
        else:
            wall.now = EPOCH + offset
    assert stamps == sorted(set(stamps))


@given(OFFSETS)
def test_an_answer_sorts_after_its_question(skew: timedelta) -> None:
    """As long as the peers' clocks differ by no more than the drift allowed."""
    asker, answerer = Wall(), Wall()
    asker.now = EPOCH + min(max(skew, -MAX_DRIFT), MAX_DRIFT)
    question = HybridLogicalClock(asker).stamp()
    clock = HybridLogicalClock(answerer)
    clock.observe(question)
    assert clock.stamp() > question


def test_a_mad_peer_cannot_drag_the_clock_away() -> None:
    """Drift is capped."""
    wall = Wall()
    clock = HybridLogicalClock(wall)
    clock.observe(EPOCH + timedelta(days=1))
    assert clock.stamp() <= EPOCH + MAX_DRIFT + timedelta(microseconds=1)


def test_the_wall_clock_tells_utc() -> None:
    """Aware, and close to the machine's own."""
    assert abs(wall_clock() - datetime.now(UTC)) < timedelta(seconds=5)
