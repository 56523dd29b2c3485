"""Puts what was learnt from people beside what was given: nothing of it can spoil a job."""

from collections import Counter
from collections.abc import Iterator, Sequence

from gateway.http.problems import FieldProblem
from gateway.training.candidate_ports import Lesson, Origin
from gateway.training.examples import MAX_EXAMPLES, BadExamplesError, Row, is_usable


def with_feedback(
    given: Sequence[Row], lessons: Sequence[Lesson]
) -> tuple[list[Row], Counter[Origin]]:
    """Return all rows, and how many come from where.

    What was given counts before what people said, and of that the first counts: a sentence that
    has been said is not added again under any intent, nor is what is no example.

    Raises:
        BadExamplesError: there is nothing to learn from.
    """
    added = list(_added(given, lessons))[: max(MAX_EXAMPLES - len(given), 0)]
    rows = [*given, *(row for row, _ in added)]
    if not rows:
        what = "nothing was labelled or liked yet, and no examples are given"
        raise BadExamplesError([FieldProblem(field="fromFeedback", message=what)])
    return rows, Counter(origin for _, origin in added)


def _added(given: Sequence[Row], lessons: Sequence[Lesson]) -> Iterator[tuple[Row, Origin]]:
    said = {_key(row.text) for row in given if isinstance(row.text, str)}
    for number, lesson in enumerate(lessons):
        row = Row(f"feedback.{number}", lesson.text, lesson.intent)
        key = _key(lesson.text)
        if key in said or not is_usable(row):
            continue
        said.add(key)
        yield row, lesson.origin


def _key(text: str) -> str:
    return " ".join(text.split()).casefold()
