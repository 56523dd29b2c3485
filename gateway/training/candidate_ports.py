"""What training candidates need from a store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from gateway.chat.ports import Place
from schemas.events.envelope import Event

MOST_REASONS = 20
"""Shown of one candidate, the latest first."""


class State(StrEnum):
    """What has become of a candidate."""

    OPEN = "open"
    LABELLED = "labelled"
    DISMISSED = "dismissed"


class Origin(StrEnum):
    """Where an example that was not given comes from."""

    LABELLED = "labelled"
    LIKED = "liked"


@dataclass(frozen=True)
class Candidate:
    """A question whose answer was rated, or that was handed over."""

    message_id: UUID
    conversation_id: UUID
    text: str
    intent: str | None
    """What the assistant took it for, whether or not it dared to answer so."""
    confidence: float
    """The probability of that intent, as the assistant gave it."""
    source: str
    """What the answer was made of."""
    unanswered: bool
    """The answer was none: the assistant did not know one, and a colleague was called."""
    place: Place
    up: int = 0
    down: int = 0
    reasons: tuple[str, ...] = ()
    state: State = State.OPEN
    label: str | None = None
    """The intent that an editor gave it."""


@dataclass(frozen=True)
class Label:
    """What an editor said of a question; no intent when nothing is to be learnt from it."""

    message_id: UUID
    intent: str | None
    actor_id: UUID
    labelled_at: datetime


@dataclass(frozen=True)
class Lesson:
    """A question and what it means."""

    text: str
    intent: str
    origin: Origin


TellLabelled = Callable[[Label | None], Event]


class CandidateBook(Protocol):
    """Reads questions with their ratings, and keeps what editors say of them.

    A deleted question is in nothing that it returns.
    A label does not count any more, nor does a rating, when the question was edited after it.
    Failure: raises RetryableError when the store is away.
    """

    async def page(self, state: State, before: Place | None, limit: int) -> Sequence[Candidate]:
        """Return candidates in this state, the last rated or handed over first."""
        ...

    async def label(self, label: Label, tell: TellLabelled) -> bool:
        """Keep a label in place of an earlier one, and the event that `tell` makes of that.

        Returns whether there is such a question.
        """
        ...

    async def lessons(self, limit: int) -> Sequence[Lesson]:
        """Return labelled questions, then those that were liked and not disliked, latest first.

        Liked ones count under the intent that was answered; a label overrides them.
        """
        ...
