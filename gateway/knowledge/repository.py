"""The knowledge base in PostgreSQL, with the outbox rows of its changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    FromClause,
    RowMapping,
    and_,
    delete,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.chat.ports import Place
from gateway.database import Database
from gateway.knowledge.ports import (
    Document,
    Draft,
    OpenQuestion,
    TellPublished,
    TellRemoved,
)
from gateway.outbox import write_to_outbox
from schemas.events.knowledge import Section
from schemas.events.replies import ReplySource
from schemas.tables.gateway import knowledge_documents as documents
from schemas.tables.gateway import knowledge_sections as sections
from schemas.tables.persistence import messages

_DOCUMENT = (
    documents.c.id,
    documents.c.name,
    documents.c.title,
    documents.c.version,
    documents.c.sha256,
    documents.c.sections,
    documents.c.updated_at,
    documents.c.removed_at,
)


class PostgresKnowledgeBase:
    """`gateway.knowledge.ports.KnowledgeBase` on the tables knowledge_* and outbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def publish(self, draft: Draft, tell: TellPublished) -> tuple[Document, bool]:
        """Write the next version under the row's lock; see the port."""
        async with self._database.transaction() as connection:
            await connection.execute(
                upsert(documents)
                .values(
                    id=draft.id,
                    name=draft.name,
                    title=draft.title,
                    version=0,
                    sha256="",
                    sections=0,
                    author_id=draft.author_id,
                    removed_at=draft.now,
                )
                .on_conflict_do_nothing()
            )
            row = await _locked(connection, draft.id)
            before = _document(row) if row["removed_at"] is None else None
            if before is not None and before.sha256 == draft.sha256:
                return before, False
            after = Document(
                draft.id,
                draft.name,
                draft.title,
                row["version"] + 1,
                draft.sha256,
                len(draft.sections),
                draft.now,
            )
            await _write(connection, draft, after)
            await write_to_outbox(connection, tell(before, after))
        return after, True

    async def remove(self, document_id: UUID, now: datetime, tell: TellRemoved) -> bool:
        """Empty the document but keep its row, whose version goes on; see the port."""
        async with self._database.transaction() as connection:
            row = await _locked(connection, document_id)
            if not row or row["removed_at"] is not None:
                return False
            before = _document(row)
            await connection.execute(delete(sections).where(sections.c.document_id == document_id))
            await connection.execute(
                update(documents)
                .where(documents.c.id == document_id)
                .values(
                    version=before.version + 1,
                    sha256="",
                    sections=0,
                    removed_at=now,
                    updated_at=now,
                )
            )
            await write_to_outbox(connection, tell(before, before.version + 1))
        return True

    async def documents(self) -> Sequence[Document]:
        """Read them all: an editor's list is short."""
        query = select(*_DOCUMENT).where(documents.c.removed_at.is_(None))
        async with self._database.transaction() as connection:
            found = await connection.execute(query.order_by(documents.c.title, documents.c.id))
            return [_document(row) for row in found.mappings()]

    async def find(self, document_id: UUID) -> tuple[Document, Sequence[Section]] | None:
        """Read by the primary key, sections by their index."""
        query = select(*_DOCUMENT).where(
            documents.c.id == document_id, documents.c.removed_at.is_(None)
        )
        parts = (
            select(sections.c.id, sections.c.title, sections.c.text)
            .where(sections.c.document_id == document_id)
            .order_by(sections.c.position)
        )
        async with self._database.transaction() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
            if row is None:
                return None
            found = (await connection.execute(parts)).mappings()
            return _document(row), [Section(**each) for each in found]

    async def open_questions(self, before: Place | None, limit: int) -> Sequence[OpenQuestion]:
        """Read answers that were none by the index of hand-overs, with their questions."""
        reply, question = messages.alias("reply"), messages.alias("question")
        at, key = reply.c.occurred_at, reply.c.event_id
        query = (
            select(
                reply.c.conversation_id,
                question.c.message_id,
                question.c.text,
                question.c.deleted_at,
                reply.c.body["why"]["intent"].astext.label("intent"),
                at,
                key,
            )
            .join(question, question.c.message_id == reply.c.in_reply_to)
            .where(is_unanswered(reply))
            .order_by(at.desc(), key.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(tuple_(at, key) < tuple_(before.at, before.id))
        async with self._database.transaction() as connection:
            return [
                OpenQuestion(
                    row.conversation_id,
                    row.message_id,
                    None if row.deleted_at else row.text,
                    row.intent,
                    Place(row.occurred_at, row.event_id),
                )
                for row in await connection.execute(query)
            ]


def is_unanswered(reply: FromClause) -> ColumnElement[bool]:
    """
    Return what makes a message an answer that was none: a colleague is called, for no intent.

    Who asks for a person has an answer. The index of hand-overs is found by the first two words.
    """
    return and_(
        reply.c.type == "reply",
        reply.c.body["source"].astext == ReplySource.HANDOVER,
        reply.c.body["intent"].astext.is_(None),
    )


async def _locked(connection: AsyncConnection, document_id: UUID) -> RowMapping | dict[str, Any]:
    query = select(*_DOCUMENT).where(documents.c.id == document_id).with_for_update()
    row = (await connection.execute(query)).mappings().one_or_none()
    return row if row is not None else {}


async def _write(connection: AsyncConnection, draft: Draft, after: Document) -> None:
    await connection.execute(
        update(documents)
        .where(documents.c.id == draft.id)
        .values(
            title=after.title,
            version=after.version,
            sha256=after.sha256,
            sections=after.sections,
            author_id=draft.author_id,
            updated_at=draft.now,
            removed_at=None,
        )
    )
    await connection.execute(delete(sections).where(sections.c.document_id == draft.id))
    await connection.execute(
        insert(sections),
        [
            {
                "id": section.id,
                "document_id": draft.id,
                "position": position,
                "title": section.title,
                "text": section.text,
            }
            for position, section in enumerate(draft.sections)
        ],
    )


def _document(row: RowMapping | dict[str, Any]) -> Document:
    return Document(**{name: row[name] for name in Document.__dataclass_fields__})
