"""The knowledge base over the real tables: versions, words, and questions left open."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.database import Database
from gateway.knowledge.ports import Document, Draft
from gateway.knowledge.repository import PostgresKnowledgeBase
from schemas.events.envelope import Event
from schemas.events.knowledge import DocumentPublished, Section
from schemas.tables.persistence import messages

pytestmark = pytest.mark.connected

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def draft(name: str, *texts: str) -> Draft:
    key = uuid4()
    sections = tuple(
        Section(id=f"doc-{key.hex[:10]}-{n}", title=f"About {name}", text=each)
        for n, each in enumerate(texts, start=1)
    )
    return Draft(key, f"{key}.md", name, uuid4().hex * 2, sections, uuid4(), NOON)


def tell(_: Document | None, after: Document) -> tuple[Event, ...]:
    """The event alone: what it says is tested with the service."""
    return (
        DocumentPublished(
            event_id=uuid4(),
            occurred_at=NOON,
            correlation_id=uuid4(),
            document_id=after.id,
            version=after.version,
            title=after.title,
            sha256=after.sha256,
            sections=(Section(id="doc-1-1", title="t", text="t"),),
        ),
    )


def again(first: Draft, *texts: str) -> Draft:
    sections = tuple(
        Section(id=f"doc-{first.id.hex[:10]}-{n}", title="Again", text=each)
        for n, each in enumerate(texts, start=1)
    )
    return Draft(first.id, first.name, first.title, uuid4().hex * 2, sections, uuid4(), NOON)


async def told(owner: AsyncEngine) -> int:
    async with owner.begin() as connection:
        return await connection.scalar(text("select count(*) from outbox")) or 0


@pytest.mark.usefixtures("empty_outbox")
async def test_versions_replace_each_other(database: Database, owner: AsyncEngine) -> None:
    """The sections of the last version stand there, every change is told once."""
    base = PostgresKnowledgeBase(database)
    first = draft("Lockers", "One.", "Two.")
    assert (await base.publish(first, tell))[0].version == 1
    assert (await base.publish(first, tell))[1] is False
    second, changed = await base.publish(again(first, "Three."), tell)
    assert (second.version, changed) == (2, True)
    assert await told(owner) == 2
    found = await base.find(first.id)
    assert found is not None
    assert [each.text for each in found[1]] == ["Three."]


@pytest.mark.usefixtures("empty_outbox")
async def test_imports_at_the_same_time_make_one_version_each(
    database: Database, owner: AsyncEngine
) -> None:
    """Ten editors of one file: ten versions, and the rows of the last one."""
    base = PostgresKnowledgeBase(database)
    first = draft("Crowd", "0.")
    results = await asyncio.gather(*(base.publish(again(first, f"{n}."), tell) for n in range(10)))
    assert sorted(document.version for document, _ in results) == list(range(1, 11))
    found = await base.find(first.id)
    assert found is not None
    assert found[0].version == 10
    assert len(found[1]) == 1
    assert await told(owner) == 10


@pytest.mark.usefixtures("empty_outbox")
async def test_a_removed_document_says_nothing(database: Database) -> None:
    """It is not listed any more; its version goes on when it comes back."""
    base = PostgresKnowledgeBase(database)
    first = draft("Gone", "Xylophone lessons.")
    await base.publish(first, tell)
    assert await base.remove(first.id, NOON, lambda *_: tell(None, document(first)))
    assert not await base.remove(first.id, NOON, lambda *_: ())
    assert await base.find(first.id) is None
    assert first.id not in [each.id for each in await base.documents()]
    assert (await base.publish(first, tell))[0].version == 3


def document(made: Draft) -> Document:
    return Document(made.id, made.name, made.title, 2, made.sha256, 1, NOON)


async def keep_answer(
    owner: AsyncEngine, source: str, at: datetime, intent: str | None = None
) -> UUID:
    """Write a question and its answer as persistence would; return the question's id."""
    conversation, question = uuid4(), uuid4()
    row = {
        "conversation_id": conversation,
        "sender_id": uuid4(),
        "text": f"asked at {at}",
        "occurred_at": at,
    }
    rows = [
        {
            **row,
            "event_id": uuid4(),
            "message_id": question,
            "type": "message",
            "sender_kind": "user",
            "in_reply_to": None,
            "body": {},
        },
        {
            **row,
            "event_id": uuid4(),
            "message_id": uuid4(),
            "type": "reply",
            "sender_kind": "assistant",
            "in_reply_to": question,
            "body": {"source": source, "intent": intent, "why": {"intent": "nearest"}},
        },
    ]
    async with owner.begin() as connection:
        await connection.execute(insert(messages), rows)
    return question


async def test_only_what_nobody_could_answer_is_open(
    database: Database, owner: AsyncEngine
) -> None:
    """Answers and wishes for a person are left out; pages come latest first and lose nothing."""
    base = PostgresKnowledgeBase(database)
    far = datetime(2100, 1, 1, tzinfo=UTC)
    await keep_answer(owner, "template", far + timedelta(hours=1))
    await keep_answer(owner, "handover", far + timedelta(hours=2), intent="human")
    wanted = [await keep_answer(owner, "handover", far + timedelta(seconds=n)) for n in range(3)]
    page = await base.open_questions(None, 2)
    rest = await base.open_questions(page[-1].place, 1)
    assert [each.message_id for each in (*page, *rest)] == wanted[::-1]
    assert {each.intent for each in page} == {"nearest"}
