"""Editing the knowledge base: files in, versions out, and what is still asked in vain."""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import PurePosixPath
from uuid import UUID, uuid4

import structlog
from pydantic import JsonValue

from gateway.admin.authority import Authority
from gateway.chat.ports import Place
from gateway.chat.service import Page
from gateway.knowledge.ports import Document, Draft, KnowledgeBase, OpenQuestion
from gateway.knowledge.reading.blocks import Piece, UnreadableError
from gateway.knowledge.reading.document import read_document
from runtime.clock import HybridLogicalClock, wall_clock
from runtime.entities.masking import without_personal_data
from runtime.errors import DomainError
from schemas import ids
from schemas.events.admin import Action, ActionRecorded
from schemas.events.envelope import Event
from schemas.events.knowledge import DocumentPublished, DocumentRemoved, Section
from schemas.text import TITLE_CHARS

logger = structlog.get_logger(__name__)


class Editing:
    """What the knowledge routes do, for whom `require_editor` lets through."""

    def __init__(
        self,
        base: KnowledgeBase,
        authority: Authority,
        clock: HybridLogicalClock,
        now: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._base = base
        self._authority = authority
        self._clock = clock
        self._now = now

    async def require_editor(self, user_id: UUID) -> None:
        """Return if this user may edit.

        Raises:
            DomainError: they may not.
        """
        await self._authority.require_admin(user_id)

    async def publish(
        self, actor_id: UUID, name: str, title: str | None, data: bytes
    ) -> tuple[Document, bool]:
        """Take a file in; return the document and whether it says anything new.

        Raises:
            DomainError: the file is not readable.
        """
        name = _file_name(name)
        title = title or _title_of(name)
        # A long PDF takes seconds to read; the loop has other callers.
        pieces = await asyncio.to_thread(read_document, name, title, data)
        draft = _draft(actor_id, name, title, pieces, self._now())

        def tell(before: Document | None, after: Document) -> tuple[Event, ...]:
            key = ids.event_id(f"{DocumentPublished.event_type}:{after.version}", after.id)
            published = DocumentPublished(
                event_id=key,
                occurred_at=self._clock.stamp(),
                correlation_id=key,
                document_id=after.id,
                version=after.version,
                title=title,
                sha256=after.sha256,
                sections=draft.sections,
            )
            return published, self._action(
                Action.DOCUMENT_PUBLISHED, actor_id, after.id, before, after
            )

        document, changed = await self._base.publish(draft, tell)
        logger.info(
            "document_published",
            document_id=document.id,
            version=document.version,
            sections=document.sections,
            changed=changed,
        )
        return document, changed

    async def remove(self, actor_id: UUID, document_id: UUID) -> None:
        """Take a document away; nothing of it is said any more.

        Raises:
            DomainError: there is no such document.
        """

        def tell(before: Document, version: int) -> tuple[Event, ...]:
            key = ids.event_id(f"{DocumentRemoved.event_type}:{version}", before.id)
            removed = DocumentRemoved(
                event_id=key,
                occurred_at=self._clock.stamp(),
                correlation_id=key,
                document_id=before.id,
                version=version,
            )
            return removed, self._action(Action.DOCUMENT_REMOVED, actor_id, before.id, before, None)

        if not await self._base.remove(document_id, self._now(), tell):
            raise _not_found()
        logger.info("document_removed", document_id=document_id)

    async def documents(self) -> Sequence[Document]:
        """Return all documents."""
        return await self._base.documents()

    async def find(self, document_id: UUID) -> tuple[Document, Sequence[Section]]:
        """Return a document with its sections.

        Raises:
            DomainError: there is no such document.
        """
        found = await self._base.find(document_id)
        if found is None:
            raise _not_found()
        return found

    async def sources(self, sections: Sequence[str]) -> dict[str, Document]:
        """Return the document of each of these sections, as far as they are of documents."""
        documents = {_sections_of(each.id): each for each in await self._base.documents()}
        parts = {section: section.rpartition("-")[0] for section in sections}
        return {section: documents[part] for section, part in parts.items() if part in documents}

    async def open_questions(self, before: Place | None, limit: int) -> Page[OpenQuestion]:
        """Return what the assistant handed over, personal data masked, the latest first."""
        found = await self._base.open_questions(before, limit + 1)
        shown = [
            each if each.text is None else replace(each, text=without_personal_data(each.text))
            for each in found[:limit]
        ]
        return Page(shown, found[limit - 1].place if len(found) > limit else None)

    def _action(
        self,
        action: Action,
        actor_id: UUID,
        document_id: UUID,
        old: Document | None,
        new: Document | None,
    ) -> ActionRecorded:
        key = ids.event_id(ActionRecorded.event_type, uuid4())
        return ActionRecorded(
            event_id=key,
            occurred_at=self._clock.stamp(),
            correlation_id=key,
            actor_id=actor_id,
            action=action,
            target_type="document",
            target_id=document_id,
            old=_told(old),
            new=_told(new),
        )


def _told(document: Document | None) -> dict[str, JsonValue] | None:
    if document is None:
        return None
    return {"name": document.name, "version": document.version, "sha256": document.sha256}


def _draft(actor_id: UUID, name: str, title: str, pieces: Sequence[Piece], now: datetime) -> Draft:
    document_id = ids.document_id(name)
    sections = tuple(
        Section(id=f"{_sections_of(document_id)}-{number}", title=piece.title, text=piece.text)
        for number, piece in enumerate(pieces, start=1)
    )
    said = hashlib.sha256(title.encode())
    for piece in pieces:
        said.update(f"\x00{piece.title}\x00{piece.text}".encode())
    return Draft(document_id, name, title, said.hexdigest(), sections, actor_id, now)


def _sections_of(document_id: UUID) -> str:
    """What the ids of a document's sections begin with, before their number."""
    return f"doc-{document_id.hex[:10]}"


def _file_name(name: str) -> str:
    # Browsers and scripts may send a path; which folder a file came from is nobody's business.
    last = PurePosixPath(name.replace("\\", "/")).name.strip()
    if not 0 < len(last) <= TITLE_CHARS or not last.isprintable():
        message = f"The file needs a name of {TITLE_CHARS} printable characters at most."
        raise UnreadableError(message)
    return last


def _title_of(name: str) -> str:
    return PurePosixPath(name).stem.replace("_", " ").replace("-", " ").strip() or name


def _not_found() -> DomainError:
    return DomainError("not_found", "There is no such document.", status=404)
