"""What the assistant is told: documents, cut into sections that may be said word for word."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.events.envelope import Event, Value
from schemas.text import PlainText, Title

SECTION_CHARS = 2_000

SectionId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{1,60}$")]
SectionTitle = Annotated[PlainText, StringConstraints(min_length=1, max_length=300)]
SectionText = Annotated[PlainText, StringConstraints(min_length=1, max_length=SECTION_CHARS)]


class DocumentEvent(Event):
    """An event about one document of the knowledge base."""

    key_field: ClassVar[str] = "document_id"

    document_id: UUID
    version: Annotated[int, Field(ge=1)]
    """Counts the changes of this document, its removal too; the highest counts."""


class Section(Value):
    """A part of a document that answers a question by itself."""

    id: SectionId
    """Cited in answers; made of the document's id and the section's place in it."""
    title: SectionTitle
    text: SectionText


class DocumentPublished(DocumentEvent):
    """A document is there, or says something else now: these sections replace those before."""

    event_type: ClassVar[str] = "knowledge.document_published.v1"

    title: Title
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    """Of title and sections: equal digests say the same."""
    sections: tuple[Section, ...]


class DocumentRemoved(DocumentEvent):
    """A document is gone: nothing of it may be said any more."""

    event_type: ClassVar[str] = "knowledge.document_removed.v1"
