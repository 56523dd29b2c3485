"""Everything that may be said word for word: the folder's snippets and the editors' documents."""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from consumers.nlp.ports import Embedder, Vector
from consumers.nlp.service.knowledge import Knowledge, Snippet
from consumers.nlp.service.language import DEFAULT_LANGUAGE
from consumers.nlp.service.retrieval import MINILM, Found, Nearness, SnippetIndex
from consumers.nlp.service.tolerances import english_nearness
from consumers.nlp.service.voices import translated_snippets
from schemas.events.knowledge import DocumentEvent, DocumentPublished

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class _Document:
    """The latest of a document; one that was removed has no index."""

    version: int
    sha256: str = ""
    index: SnippetIndex | None = None


class Library:
    """Finds snippets in what is known now.

    Every method may be called from any thread: what is read is replaced whole, and who changes
    something waits for who does already.
    """

    def __init__(
        self,
        embedder: Embedder,
        knowledge: Knowledge,
        nearness: Mapping[str, Nearness] = MappingProxyType({DEFAULT_LANGUAGE: MINILM}),
    ) -> None:
        self._embedder = embedder
        self._knowledge = knowledge
        foreign = translated_snippets(knowledge) if embedder.multilingual else {}
        self._base = SnippetIndex(embedder, knowledge.snippets, nearness, foreign)
        self._changing = threading.Lock()
        self._documents: dict[UUID, _Document] = {}
        self._latest: dict[UUID, DocumentEvent] = {}
        self._translation: Library | None = None
        self._known: tuple[SnippetIndex, str | None] = (self._base, None)

    @property
    def version(self) -> str | None:
        """Names the documents that are known; None without any."""
        return self._known[1]

    def nearest(self, question: Vector, language: str = DEFAULT_LANGUAGE) -> Found | None:
        """The nearest snippet if it is near enough to a question in this language to answer it."""
        return self._known[0].nearest(question, language)

    def related(self, question: Vector, language: str = DEFAULT_LANGUAGE) -> tuple[Found, ...]:
        """The nearest snippets that have to do with the question at all, the nearest first."""
        return self._known[0].related(question, language)

    def ranked(
        self, question: Vector, language: str = DEFAULT_LANGUAGE, *, most: int
    ) -> tuple[Found, ...]:
        """So many snippets, the nearest first, however far they are."""
        return self._known[0].ranked(question, language, most=most)

    def take(self, event: DocumentEvent) -> bool:
        """Take in what became of a document; return whether anything changed.

        An older version than the one known changes nothing, so events may come again and in any
        order. Blocks while sections are embedded, so it does not belong where messages wait.
        """
        with self._changing:
            # First where nobody may look yet: who finds a document in one finds it in both.
            if self._translation is not None:
                self._translation.take(event)
            return self._take(event)

    def translated(self, embedder: Embedder) -> "Library":
        """
        Return the same by another embedder's vectors; it takes in what this one does from now on.

        There is one such translation at a time: the one before it stays as it is then. Blocks
        while everything known is embedded.
        """
        with self._changing:
            nearness = {DEFAULT_LANGUAGE: english_nearness(embedder, self._knowledge)}
            other = Library(embedder, self._knowledge, nearness)
            for event in self._latest.values():
                other.take(event)
            self._translation = other
            return other

    def forget_translation(self) -> None:
        """Let the translation be: nobody is answered with it any more."""
        with self._changing:
            self._translation = None

    def _take(self, event: DocumentEvent) -> bool:
        known = self._documents.get(event.document_id)
        if known is not None and known.version >= event.version:
            return False
        if isinstance(event, DocumentPublished):
            document = _Document(event.version, event.sha256, self._indexed(event))
        else:
            document = _Document(event.version)
        self._documents[event.document_id] = document
        self._latest[event.document_id] = event
        self._rebuild()
        return True

    def _indexed(self, event: DocumentPublished) -> SnippetIndex | None:
        if not event.sections:
            return None
        snippets = [
            Snippet(id=each.id, title=each.title, text=each.text) for each in event.sections
        ]
        return SnippetIndex(self._embedder, snippets)

    def _rebuild(self) -> None:
        index, digest = self._base, hashlib.sha256()
        for key, document in sorted(self._documents.items()):
            if document.index is None:
                continue
            index = index + document.index
            digest.update(f"{key}{document.sha256}".encode())
        # One assignment: nobody finds a snippet of documents that are not named yet.
        self._known = index, None if index is self._base else digest.hexdigest()[:12]
