"""What the knowledge routes answer."""

from uuid import UUID

from gateway.chat.views import View
from schemas.events.knowledge import Section
from schemas.text import Instant


class DocumentView(View):
    """A document of the knowledge base."""

    id: UUID
    name: str
    title: str
    version: int
    sections: int
    updated_at: Instant


class DocumentPublishedView(DocumentView):
    """A document as it was taken in; unchanged when it said the same before."""

    changed: bool


class DocumentList(View):
    """All documents, by title."""

    items: tuple[DocumentView, ...]


class DocumentText(DocumentView):
    """A document with what it says."""

    text: tuple[Section, ...]


class HitView(View):
    """A section with the words that were looked for."""

    id: str
    title: str
    text: str
    document_id: UUID
    document_title: str
    score: float


class HitList(View):
    """Sections, the best first."""

    items: tuple[HitView, ...]


class OpenQuestionView(View):
    """A question that the assistant had no answer to; `text` is null when it was deleted."""

    conversation_id: UUID
    message_id: UUID
    text: str | None
    intent: str | None
    """The likeliest, which was not likely enough."""
    occurred_at: Instant


class OpenQuestionPage(View):
    """Questions, the latest first; `next` is the cursor of the page after."""

    items: tuple[OpenQuestionView, ...]
    next: str | None
