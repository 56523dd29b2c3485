"""What people thought of answers, made into examples by editors; personal data is masked."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import structlog

from gateway.chat.ports import Place
from gateway.chat.service import Page
from gateway.training.candidate_ports import Candidate, CandidateBook, Label, Lesson, State
from runtime.clock import HybridLogicalClock
from runtime.entities.masking import without_personal_data
from runtime.errors import DomainError
from schemas import ids
from schemas.events.admin import Action, ActionRecorded
from schemas.events.envelope import Event

logger = structlog.get_logger(__name__)


class CandidateDesk:
    """What the routes of training candidates do, for whom the caller has let in."""

    def __init__(self, book: CandidateBook, clock: HybridLogicalClock) -> None:
        self._book = book
        self._clock = clock

    async def page(self, state: State, before: Place | None, limit: int) -> Page[Candidate]:
        """Return candidates as editors may see them, the latest first."""
        found = await self._book.page(state, before, limit + 1)
        following = found[limit - 1].place if len(found) > limit else None
        return Page([_masked(each) for each in found[:limit]], following)

    async def label(self, actor_id: UUID, message_id: UUID, intent: str | None) -> Label:
        """Say what a question means; None says that nothing is to be learnt from it.

        Raises:
            DomainError: there is no such question, or it was deleted.
        """
        label = Label(message_id, intent, actor_id, self._clock.stamp())

        def tell(before: Label | None) -> Event:
            return self._action(before, label)

        if not await self._book.label(label, tell):
            detail = "There is no such question, or it was deleted."
            raise DomainError("not_found", detail, status=404)
        logger.info("candidate_labelled", message_id=message_id, dismissed=intent is None)
        return label

    async def lessons(self, limit: int) -> Sequence[Lesson]:
        """Return what can be learnt from, what editors said before what people liked."""
        found = await self._book.lessons(limit)
        return [replace(each, text=without_personal_data(each.text)) for each in found]

    def _action(self, before: Label | None, label: Label) -> Event:
        key = ids.event_id(ActionRecorded.event_type, uuid4())
        dismissed = label.intent is None
        return ActionRecorded(
            event_id=key,
            occurred_at=label.labelled_at,
            correlation_id=key,
            actor_id=label.actor_id,
            action=Action.CANDIDATE_DISMISSED if dismissed else Action.CANDIDATE_LABELLED,
            target_type="message",
            target_id=label.message_id,
            old=None if before is None else {"intent": before.intent},
            new={"intent": label.intent},
        )


def _masked(candidate: Candidate) -> Candidate:
    return replace(
        candidate,
        text=without_personal_data(candidate.text),
        reasons=tuple(map(without_personal_data, candidate.reasons)),
    )
