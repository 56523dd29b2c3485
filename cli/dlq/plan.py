"""What a redrive would do, decided before anything is written."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cli.dlq.letters import Attempts, Letter
from producers.dead_letters import Burial, Origin, Redrive


class Verdict(StrEnum):
    """Why a dead letter is left where it is."""

    DONE = "redriven already"
    EXHAUSTED = "refused: redriven too often"
    UNTOLD = "refused: not buried by a consumer"


@dataclass(frozen=True, kw_only=True)
class Selection:
    """Which dead letters are meant; what is not given selects all."""

    reasons: frozenset[str] = frozenset()
    since: datetime | None = None
    until: datetime | None = None
    key: bytes | None = None
    offsets: frozenset[int] = frozenset()

    def matches(self, letter: Letter) -> bool:
        """Whether this one is meant."""
        reason = letter.burial.reason if letter.burial else None
        return (
            (not self.reasons or reason in self.reasons)
            and (self.since is None or letter.buried_at >= self.since)
            and (self.until is None or letter.buried_at <= self.until)
            and (self.key is None or letter.key == self.key)
            and (not self.offsets or letter.offset in self.offsets)
        )


@dataclass
class Plan:
    """What to put on the retry topic, in this order, and how many are left out and why."""

    redrives: list[tuple[Letter, Redrive]] = field(default_factory=list)
    left: Counter[Verdict] = field(default_factory=Counter)


def plan_redrive(
    letters: Iterable[Letter], attempts: Attempts, *, again: bool, max_attempts: int
) -> Plan:
    """Decide for each letter, in the order they were buried: that of their key.

    A record that was buried twice, because its consumer died in between, is redriven once.
    """
    plan = Plan()
    planned: set[Origin] = set()
    for letter in letters:
        burial = letter.burial
        if burial is None:
            plan.left[Verdict.UNTOLD] += 1
        elif burial.origin in planned or not (again or letter.is_open(attempts)):
            plan.left[Verdict.DONE] += 1
        elif (made := _made(burial, attempts)) >= max_attempts:
            plan.left[Verdict.EXHAUSTED] += 1
        else:
            planned.add(burial.origin)
            redrive = Redrive(origin=burial.origin, group=burial.group, attempt=made + 1)
            plan.redrives.append((letter, redrive))
    return plan


def _made(burial: Burial, attempts: Attempts) -> int:
    return max(burial.attempt, attempts.get(burial.origin, 0))
