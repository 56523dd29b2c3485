"""What the knowledge base asks of its store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from gateway.chat.ports import Place
from schemas.events.envelope import Event
from schemas.events.knowledge import Section


@dataclass(frozen=True)
class Document:
    """A document of the knowledge base."""

    id: UUID
    name: str
    """The file's name; importing a file of the same name again is a new version."""
    title: str
    version: int
    sha256: str
    sections: int
    updated_at: datetime


@dataclass(frozen=True)
class Draft:
    """A document as it is to become."""

    id: UUID
    name: str
    title: str
    sha256: str
    sections: tuple[Section, ...]
    author_id: UUID
    now: datetime


@dataclass(frozen=True)
class OpenQuestion:
    """A question that the assistant had no answer to; `text` None when it was deleted."""

    conversation_id: UUID
    message_id: UUID
    text: str | None
    intent: str | None
    """The likeliest, which was not likely enough."""
    place: Place


TellPublished = Callable[[Document | None, Document], tuple[Event, ...]]
TellRemoved = Callable[[Document, int], tuple[Event, ...]]


class KnowledgeBase(Protocol):
    """Keeps documents, and tells of every change in the transaction that makes it.

    Idempotency: publishing what is there already changes and tells nothing.
    Failure: raises RetryableError when the store is away.
    """

    async def publish(self, draft: Draft, tell: TellPublished) -> tuple[Document, bool]:
        """Keep a draft as the next version; return it and whether anything changed."""
        ...

    async def remove(self, document_id: UUID, now: datetime, tell: TellRemoved) -> bool:
        """Take a document away; return whether it was there. `tell` gets its last version + 1."""
        ...

    async def documents(self) -> Sequence[Document]:
        """Return all documents, by title."""
        ...

    async def find(self, document_id: UUID) -> tuple[Document, Sequence[Section]] | None:
        """Return a document with its sections in their order."""
        ...

    async def open_questions(self, before: Place | None, limit: int) -> Sequence[OpenQuestion]:
        """Return questions that had no answer, the latest first."""
        ...
