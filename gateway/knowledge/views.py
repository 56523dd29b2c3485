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
    """A snippet or a section, in the words in which it would be said."""

    id: str
    title: str
    text: str
    score: float
    """Its cosine similarity to the question."""
    probability: float
    """That it answers the question."""
    document_id: UUID | None
    """The document it is from; null for a snippet of the assistant's own folder."""
    document_title: str | None


class HitList(View):
    """What the assistant finds, the nearest first; nothing in a language it does not understand."""

    items: tuple[HitView, ...]
    language: str
    model_version: str


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
