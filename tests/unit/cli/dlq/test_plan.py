"""Which dead letters a redrive takes, and which it leaves."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cli.dlq.plan import Selection, Verdict, plan_redrive
from tests.unit.cli.dlq.letters import letter, origin


def test_what_was_not_tried_is_tried_in_order() -> None:
    """The order is that of the dead letters, which is their key's."""
    plan = plan_redrive([letter(0), letter(1), letter(2)], {}, again=False, max_attempts=3)
    assert [(each.offset, made.attempt) for each, made in plan.redrives] == [(0, 1), (1, 1), (2, 1)]
    assert not plan.left


def test_what_was_redriven_is_left_unless_asked_again() -> None:
    """The same command twice does nothing the second time; `--again` counts on."""
    attempts = {origin(0): 1}
    assert plan_redrive([letter(0)], attempts, again=False, max_attempts=3).left == {
        Verdict.DONE: 1
    }
    ((_, made),) = plan_redrive([letter(0)], attempts, again=True, max_attempts=3).redrives
    assert made.attempt == 2


def test_what_came_back_is_open_again() -> None:
    """A redrive that failed left a second dead letter of the same record; that one is taken."""
    both = [letter(0), letter(1, first=0, attempt=1)]
    plan = plan_redrive(both, {origin(0): 1}, again=False, max_attempts=3)
    assert [(each.offset, made.attempt) for each, made in plan.redrives] == [(1, 2)]
    assert plan.left == {Verdict.DONE: 1}


@pytest.mark.parametrize("again", [False, True])
def test_what_was_buried_twice_is_taken_once(again: bool) -> None:  # noqa: FBT001 - a parameter
    """A consumer that died between burying and committing has buried the same record twice."""
    plan = plan_redrive([letter(0), letter(1, first=0)], {}, again=again, max_attempts=3)
    assert [each.offset for each, _ in plan.redrives] == [0]
    assert plan.left == {Verdict.DONE: 1}


def test_too_many_attempts_are_refused() -> None:
    """Counted by the retry topic and by the dead letter itself, whichever knows more."""
    tried = letter(1, first=0, attempt=2)
    for attempts in ({}, {origin(0): 2}):
        plan = plan_redrive([tried], attempts, again=False, max_attempts=2)
        assert plan.left == {Verdict.EXHAUSTED: 1}
    again = plan_redrive([letter(0)], {origin(0): 2}, again=True, max_attempts=2)
    assert again.left == {Verdict.EXHAUSTED: 1}


def test_a_letter_from_nowhere_is_refused() -> None:
    """Without a burial nobody knows which partition it belongs to."""
    plan = plan_redrive([replace(letter(0), burial=None)], {}, again=True, max_attempts=3)
    assert plan.left == {Verdict.UNTOLD: 1}


@pytest.mark.parametrize(
    ("selection", "meant"),
    [
        (Selection(), [0, 1, 2]),
        (Selection(reasons=frozenset({"null_value"})), [1]),
        (Selection(reasons=frozenset({"null_value", "handler_error"})), [0, 1, 2]),
        (Selection(key=b"other"), [2]),
        (Selection(offsets=frozenset({0, 2})), [0, 2]),
        (Selection(since=datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)), [1, 2]),
        (Selection(until=datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC)), [0, 1]),
        (Selection(key=b"other", offsets=frozenset({0})), []),
    ],
)
def test_a_selection_narrows(selection: Selection, meant: list[int]) -> None:
    """Everything that is given must hold."""
    letters = [
        letter(0, timestamp=1_000),
        letter(1, timestamp=2_000, reason="null_value"),
        letter(2, timestamp=3_000, key=b"other"),
    ]
    assert [each.offset for each in letters if selection.matches(each)] == meant
