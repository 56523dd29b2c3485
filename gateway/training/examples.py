"""Checks what a job is to learn from; every mistake is told with the row and the field it is in."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from gateway.http.problems import FieldProblem
from runtime.errors import DomainError
from schemas.events.models import Example

MAX_EXAMPLES = 20_000
MAX_TEXT_CHARS = 2_000
MAX_INTENT_CHARS = 80
MAX_INTENTS = 500
MIN_PER_INTENT = 8
"""As many as the knowledge folder asks for: with fewer nothing is left to be tested on."""
MIN_INTENTS = 2
MAX_PROBLEMS = 20
OUT_OF_SCOPE = "out_of_scope"
"""The name under which sentences are given that no intent fits."""


class BadExamplesError(DomainError):
    """Examples that nothing can be learnt from; `problems` says where and why."""

    def __init__(self, problems: Sequence[FieldProblem]) -> None:
        super().__init__("bad_examples", "The examples are not as they should be.", status=422)
        self.problems = tuple(problems[:MAX_PROBLEMS])


@dataclass(frozen=True)
class Row:
    """A row as it was given; `place` is how its giver finds it: `examples.3` or `row 5`."""

    place: str
    text: object
    intent: object


@dataclass
class Checked:
    """Examples in order, and what was left out of them."""

    examples: list[Example] = field(default_factory=list)
    duplicates: list[str] = field(default_factory=list)
    """The places of rows that say what an earlier one said."""

    @property
    def intents(self) -> Counter[str]:
        """How many examples each intent has."""
        return Counter(each.intent for each in self.examples if each.intent is not None)


def check(rows: Sequence[Row], taught: Collection[str] = ()) -> Checked:
    """
    Return the examples in these rows; `taught` are intents that the job has other examples of.

    Raises:
        BadExamplesError: a row is not an example, two contradict each other, or there are too few.
    """
    if len(rows) > MAX_EXAMPLES:
        what = f"at most {MAX_EXAMPLES} are taken, these are {len(rows)}"
        raise BadExamplesError([FieldProblem(field="examples", message=what)])
    checked, problems = Checked(), []
    seen: dict[str, tuple[str, str | None]] = {}
    for row in rows:
        found = list(_problems_of(row))
        problems += found
        if found or not isinstance(row.text, str) or not isinstance(row.intent, str):
            continue
        text, name = " ".join(row.text.split()), row.intent.strip()
        intent = None if name == OUT_OF_SCOPE else name
        place, known = seen.setdefault(text.casefold(), (row.place, intent))
        if place == row.place:
            checked.examples.append(Example(text=text, intent=intent))
        elif known == intent:
            checked.duplicates.append(row.place)
        else:
            what = f"says what {place} says, with another intent"
            problems.append(FieldProblem(field=f"{row.place}.text", message=what))
    problems = problems or list(_shortages(checked, taught))
    if problems:
        raise BadExamplesError(problems)
    return checked


def is_usable(row: Row) -> bool:
    """Whether a row by itself is an example."""
    return not any(_problems_of(row))


def _problems_of(row: Row) -> Iterator[FieldProblem]:
    for name, value, most in (
        ("text", row.text, MAX_TEXT_CHARS),
        ("intent", row.intent, MAX_INTENT_CHARS),
    ):
        if not isinstance(value, str):
            what = "is missing" if value is None else "must be text"
        elif not value.strip():
            what = "must not be empty"
        elif len(value) > most:
            what = f"must not be longer than {most} characters"
        elif not all(sign.isprintable() or sign.isspace() for sign in value):
            what = "must not contain control characters"
        elif name == "intent" and ("|" in value or not value.strip().isprintable()):
            what = "must be one line without the sign |"
        else:
            continue
        yield FieldProblem(field=f"{row.place}.{name}", message=what)


def _shortages(checked: Checked, taught: Collection[str]) -> Iterator[FieldProblem]:
    intents = checked.intents
    if len(intents | Counter(taught)) < MIN_INTENTS:
        what = f"at least {MIN_INTENTS} different intents are needed, there are {len(intents)}"
        yield FieldProblem(field="examples", message=what)
    if len(intents) > MAX_INTENTS:
        what = f"at most {MAX_INTENTS} intents are taken, there are {len(intents)}"
        yield FieldProblem(field="examples", message=what)
    for intent, count in sorted(intents.items()):
        if count < MIN_PER_INTENT and intent not in taught:
            what = f"the intent {intent!r} has {count} different, and needs {MIN_PER_INTENT}"
            yield FieldProblem(field="examples", message=what)
