"""What the routes of training candidates take and answer."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, StrictBool, StringConstraints, model_validator

from gateway.auth.views import Request
from gateway.training.candidate_ports import Candidate, State
from gateway.training.examples import MAX_INTENT_CHARS
from gateway.training.views import CamelView
from schemas.text import Instant


def _one_line(value: str) -> str:
    if "|" in value or not value.isprintable():
        msg = "must be one line without the sign |"
        raise ValueError(msg)
    return value


IntentName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_INTENT_CHARS),
    AfterValidator(_one_line),
]


class LabelAsked(Request):
    """The intent of a question (`out_of_scope` when none fits), or that it is dismissed."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    intent: IntentName | None = None
    dismissed: StrictBool = False

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.intent is None) is not self.dismissed:
            msg = "give an intent, or dismissed: true"
            raise ValueError(msg)
        return self


class LabelView(CamelView):
    """What an editor said of a question."""

    message_id: UUID
    intent: str | None
    dismissed: bool
    labelled_at: Instant


class RatingsView(CamelView):
    """How many people liked an answer, and how many did not."""

    up: int
    down: int


class CandidateView(CamelView):
    """A question to learn from; personal data in its text and in reasons is masked."""

    message_id: UUID
    conversation_id: UUID
    text: str
    intent: str | None
    """What the assistant took it for."""
    confidence: float
    source: str
    unanswered: bool
    ratings: RatingsView
    reasons: tuple[str, ...]
    state: State
    label: str | None
    occurred_at: Instant
    """When it was last rated, or handed over."""

    @classmethod
    def of(cls, candidate: Candidate) -> Self:
        """Show a candidate."""
        return cls(
            message_id=candidate.message_id,
            conversation_id=candidate.conversation_id,
            text=candidate.text,
            intent=candidate.intent,
            confidence=candidate.confidence,
            source=candidate.source,
            unanswered=candidate.unanswered,
            ratings=RatingsView(up=candidate.up, down=candidate.down),
            reasons=candidate.reasons,
            state=candidate.state,
            label=candidate.label,
            occurred_at=candidate.place.at,
        )


class CandidatePage(CamelView):
    """Candidates, the latest first; `next` is the cursor of the page after."""

    items: tuple[CandidateView, ...]
    next: str | None
