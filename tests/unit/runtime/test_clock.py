"""The clock never goes back and never lies before what was read."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from runtime.clock import (
    MAX_DRIFT,
    TOLERANCE_SECONDS,
    HybridLogicalClock,
    ServerTime,
    wall_clock,
)

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


SKEWS = st.floats(-86_400 * 3, 86_400 * 3)
DELAYS = st.floats(0, 5)


@given(SKEWS, st.lists(st.tuples(DELAYS, DELAYS), min_size=1))
def test_a_wrong_clock_is_put_right(skew: float, readings: list[tuple[float, float]]) -> None:
    """However wrong it is: by half the slowest answer at most, and the tolerance."""
    local = 1_000_000.0
    clock = ServerTime(lambda: local)
    for there, back in readings:
        asked, broker = local, local - skew + there
        local += there + back
        clock.learn(asked, broker, local)
    slowest = max(there + back for there, back in readings)
    # The first reading is as good as its answer was quick; later ones only mend what contradicts.
    assert abs(clock.now() - (local - skew)) <= TOLERANCE_SECONDS + slowest + 0.01


@given(st.floats(-1.9, 1.9), st.lists(st.tuples(DELAYS, DELAYS), min_size=1))
def test_a_good_clock_is_left_alone(skew: float, readings: list[tuple[float, float]]) -> None:
    """A few hundred milliseconds are nobody's business, and a slow broker is no evidence."""
    clock = ServerTime(lambda: 0.0)
    local = 1_000_000.0
    for there, back in readings:
        clock.learn(local, local - skew + there, local + there + back)
        local += there + back
    assert clock.offset == 0.0


def test_a_clock_that_was_set_right_needs_no_correction() -> None:
    """Whoever mends the machine's clock mends ours."""
    clock = ServerTime(lambda: 0.0)
    clock.learn(86_400.0, 0.0, 86_400.1)
    assert round(clock.offset) == -86_400
    clock.learn(100.0, 100.0, 100.1)
    assert clock.offset == 0.0
