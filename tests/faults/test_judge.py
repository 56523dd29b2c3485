"""The judge goes red for each way in which a promise can be broken: a proof is worth its judge."""

from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.faults.judge import Row, Verdict, View, compare
from tests.faults.log import IdleWatch
from tests.faults.measures import Measure, percentile
from tests.faults.promises import BEGIN, END, Ledger

CONVERSATION = uuid4()


def said(count: int = 3) -> tuple[View, list[Row]]:
    """Return what a person was told, and the rows, when everything went well."""
    rows: list[Row] = []
    for _ in range(count):
        question = Row(uuid4(), uuid4(), "message", None, CONVERSATION)
        answer = Row(uuid4(), uuid4(), "reply", question.message_id, CONVERSATION)
        rows += [question, answer]
    accepted = frozenset(row.message_id for row in rows if row.type == "message")
    return View(CONVERSATION, accepted, [str(row.event_id) for row in rows]), rows


def broken(verdict: Verdict) -> dict[str, int]:
    """Return what the verdict complains of, and how often."""
    parts = ("lost", "unexpected", "doubled", "unanswered", "unseen", "shown_twice")
    return {part: found for part in parts if (found := len(getattr(verdict, part)))}


def test_a_good_run_is_kept() -> None:
    """Everything accepted is stored, answered and seen."""
    view, rows = said()
    verdict = compare([view], rows)
    assert verdict.kept
    assert (verdict.accepted, verdict.rows, verdict.seen) == (3, 6, 6)


def test_a_removed_row_is_lost() -> None:
    """An accepted message must have its row."""
    view, rows = said()
    verdict = compare([view], rows[1:])
    assert broken(verdict) == {"lost": 1}
    assert verdict.lost == [rows[0].message_id]


def test_a_removed_answer_is_an_unanswered_message() -> None:
    """An accepted message must have its answer."""
    view, rows = said()
    assert broken(compare([view], rows[:-1])) == {"unanswered": 1}


def test_a_question_whose_author_was_told_may_stay_unanswered() -> None:
    """Late is no loss when it was said; an answer that is missing without a word is."""
    view, rows = said()
    told = frozenset({rows[-2].message_id})
    assert compare([replace(view, late=told)], rows[:-1]).kept
    assert broken(compare([replace(view, late=told)], rows[1:-1])) == {"lost": 1}


def test_a_message_accepted_and_nowhere_is_lost_and_unanswered() -> None:
    """An `accepted` that nothing came of is the worst of all."""
    view, rows = said()
    view = replace(view, accepted=view.accepted | {uuid4()})
    assert broken(compare([view], rows)) == {"lost": 1, "unanswered": 1}


@pytest.mark.parametrize("which", [0, 1], ids=["message", "reply"])
def test_a_row_doubled_under_another_event_id_is_doubled(which: int) -> None:
    """The same thing stored twice is found by what it is, not by its event id."""
    view, rows = said()
    double = replace(rows[which], event_id=uuid4())
    view = replace(view, seen=[*view.seen, str(double.event_id)])
    assert broken(compare([view], [*rows, double])) == {"doubled": 1}


def test_a_row_that_nobody_said_is_unexpected() -> None:
    """A message that was never accepted has no row."""
    view, rows = said()
    stranger = Row(uuid4(), uuid4(), "message", None, CONVERSATION)
    view = replace(view, seen=[*view.seen, str(stranger.event_id)])
    assert broken(compare([view], [*rows, stranger])) == {"unexpected": 1}


def test_an_event_that_was_not_shown_is_unseen() -> None:
    """A gap in what a reader saw is named; a dropped ring entry looks like this."""
    view, rows = said()
    hidden = replace(view, seen=[*view.seen[:2], *view.seen[3:]])
    verdict = compare([hidden], rows)
    assert broken(verdict) == {"unseen": 1}
    assert verdict.unseen == [str(rows[2].event_id)]


def test_an_event_shown_twice_is_named() -> None:
    """A reader sees everything once."""
    view, rows = said()
    assert broken(compare([replace(view, seen=[*view.seen, view.seen[0]])], rows)) == {
        "shown_twice": 1
    }


def test_what_verify_finds_breaks_the_verdict() -> None:
    """Tables that differ from the log are a broken promise, whoever was told what."""
    verdict = compare(*_one_view(said()))
    assert not replace(verdict, log_missing=(str(UUID(int=1)),)).kept
    assert not replace(verdict, log_unexpected=(str(UUID(int=1)),)).kept


def test_what_was_abandoned_may_be_there_once_or_not_at_all() -> None:
    """Said and not waited for: no row is right, one row is right when it is answered."""
    view, rows = said()
    quiet = replace(view, attempted=frozenset({uuid4()}))
    assert compare([quiet], rows).kept
    first = rows[0].message_id
    abandoned = replace(view, accepted=view.accepted - {first}, attempted=frozenset({first}))
    assert compare([abandoned], rows).kept
    unanswered = replace(abandoned, seen=[each for each in view.seen if each != view.seen[1]])
    assert broken(compare([unanswered], [rows[0], *rows[2:]])) == {"unanswered": 1}
    double = replace(rows[0], event_id=uuid4())
    twice = replace(abandoned, seen=[*view.seen, str(double.event_id)])
    assert broken(compare([twice], [*rows, double])) == {"doubled": 1}


def test_what_is_left_over_breaks_the_verdict() -> None:
    """Lag after a minute, a dead letter too many and one too few: none is well."""
    verdict = compare(*_one_view(said()))
    assert not replace(verdict, lag=1).kept
    assert not replace(verdict, dead_letters=1).kept
    assert not replace(verdict, dead_letters=-1).kept


def test_a_figure_beyond_its_bound_breaks_the_row() -> None:
    """The verdict stands with everything that was measured, and falls with it."""
    ledger, verdict = Ledger(), compare(*_one_view(said()))
    ledger.enter("P2", "a", "none", verdict, measures=[Measure("takeover", 3.0, 20.0)])
    ledger.enter("P2", "b", "none", verdict, measures=[Measure("takeover", 21.0, 20.0)])
    verdicts = [line[-1] for line in ledger.lines]
    assert verdicts == [
        "kept; takeover 3.00 s (≤ 20.00)",
        "**broken**; takeover 21.00 s (≤ 20.00)",
    ]


def test_percentiles_are_values_that_were_measured() -> None:
    """The smallest value that so many percent do not exceed."""
    values = [float(each) for each in range(200, 0, -1)]
    assert percentile(values, 99) == 198.0
    assert percentile(values, 50) == 100.0
    assert percentile([7.0], 99) == 7.0


def test_a_partition_is_idle_while_it_has_something_to_do() -> None:
    """Standing still at the end of the log is not idleness; standing still before it is."""
    place, watch = ("chat-messages", 0), IdleWatch.__new__(IdleWatch)
    watch._waiting, watch.longest = {}, 0.0
    watch.look({place: 5}, {place: 5}, 0.0)
    watch.look({place: 5}, {place: 6}, 100.0)
    assert watch.longest == 0.0
    watch.look({place: 5}, {place: 9}, 103.0)
    assert watch.longest == 3.0
    watch.look({place: 6}, {place: 9}, 104.0)
    watch.look({place: 6}, {place: 9}, 105.0)
    assert watch.longest == 3.0


def _one_view(run: tuple[View, list[Row]]) -> tuple[list[View], list[Row]]:
    return [run[0]], run[1]


def test_the_table_is_written_between_its_marks(tmp_path: Path) -> None:
    """What people wrote around the table stays."""
    page = tmp_path / "promises.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    view, rows = said()
    ledger = Ledger()
    ledger.enter("P12", "poison", "none", compare([view], rows))
    ledger.enter("P2", "kill -9", "none", compare([view], rows[1:]))
    ledger.write(page)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert text.index("| P2 | kill -9 | none | 3 | 5 | 5 | 1 | 0") < text.index("| P12 |")
    assert "**broken**" in text
    again = Ledger()
    again.enter("P2", "kill -9", "none", compare([view], rows))
    again.write(page)
    assert "**broken**" not in page.read_text()
    assert page.read_text().count("| P12 |") == 1
