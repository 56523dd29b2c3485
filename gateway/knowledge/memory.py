"""The knowledge base in memory: the twin of the real store, for tests and embedders."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from gateway.chat.ports import Place
from gateway.knowledge.ports import Document, Draft, OpenQuestion, TellPublished, TellRemoved
from schemas.events.envelope import Event
from schemas.events.knowledge import Section


@dataclass
class InMemoryKnowledgeBase:
    """`gateway.knowledge.ports.KnowledgeBase` in dictionaries."""

    kept: dict[UUID, tuple[Document, tuple[Section, ...]]] = field(default_factory=dict)
    versions: dict[UUID, int] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    questions: list[OpenQuestion] = field(default_factory=list)

    async def publish(self, draft: Draft, tell: TellPublished) -> tuple[Document, bool]:
        """Keep a draft as the next version."""
        before = self.kept[draft.id][0] if draft.id in self.kept else None
        if before is not None and before.sha256 == draft.sha256:
            return before, False
        version = self.versions.get(draft.id, 0) + 1
        after = Document(
            draft.id,
            draft.name,
            draft.title,
            version,
            draft.sha256,
            len(draft.sections),
            draft.now,
        )
        self.versions[draft.id] = version
        self.kept[draft.id] = (after, draft.sections)
        self.events.extend(tell(before, after))
        return after, True

    async def remove(self, document_id: UUID, now: datetime, tell: TellRemoved) -> bool:  # noqa: ARG002 - the port's
        """Take a document away."""
        if document_id not in self.kept:
            return False
        before, _ = self.kept.pop(document_id)
        self.versions[document_id] = before.version + 1
        self.events.extend(tell(before, before.version + 1))
        return True

    async def documents(self) -> Sequence[Document]:
        """Return all documents, by title."""
        return sorted((each for each, _ in self.kept.values()), key=lambda each: each.title)

    async def find(self, document_id: UUID) -> tuple[Document, Sequence[Section]] | None:
        """Return a document with its sections."""
        return self.kept.get(document_id)

    async def open_questions(self, before: Place | None, limit: int) -> Sequence[OpenQuestion]:
        """Return questions that had no answer, the latest first."""
        older = [
            each
            for each in self.questions
            if before is None or (each.place.at, each.place.id) < (before.at, before.id)
        ]
        older.sort(key=lambda each: (each.place.at, each.place.id), reverse=True)
        return older[:limit]
