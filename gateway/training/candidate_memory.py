"""Training candidates in memory: the twin of the real book, for tests and embedders."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from gateway.chat.ports import Place
from gateway.training.candidate_ports import (
    Candidate,
    Label,
    Lesson,
    Origin,
    State,
    TellLabelled,
)
from schemas.events.envelope import Event


@dataclass
class InMemoryCandidateBook:
    """`gateway.training.candidate_ports.CandidateBook` in dictionaries."""

    candidates: dict[UUID, Candidate] = field(default_factory=dict)
    labels: dict[UUID, Label] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)

    async def page(self, state: State, before: Place | None, limit: int) -> Sequence[Candidate]:
        """Return candidates in this state, the latest first."""
        found = [
            each
            for each in map(self._labelled, self.candidates.values())
            if each.state is state and (before is None or each.place < before)
        ]
        return sorted(found, key=lambda each: each.place, reverse=True)[:limit]

    async def label(self, label: Label, tell: TellLabelled) -> bool:
        """Keep a label."""
        if label.message_id not in self.candidates:
            return False
        self.events.append(tell(self.labels.get(label.message_id)))
        self.labels[label.message_id] = label
        return True

    async def lessons(self, limit: int) -> Sequence[Lesson]:
        """Return what is labelled, then what is liked."""
        every = sorted(
            map(self._labelled, self.candidates.values()), key=lambda each: each.place, reverse=True
        )
        labelled = [Lesson(each.text, each.label, Origin.LABELLED) for each in every if each.label]
        liked = [
            Lesson(each.text, each.intent, Origin.LIKED)
            for each in every
            if each.state is State.OPEN and each.up and not each.down and each.intent
        ]
        return [*labelled[:limit], *liked[:limit]]

    def _labelled(self, candidate: Candidate) -> Candidate:
        label = self.labels.get(candidate.message_id)
        if label is None:
            return candidate
        state = State.DISMISSED if label.intent is None else State.LABELLED
        return replace(candidate, state=state, label=label.intent)
