"""Editors' documents on the real log: said as soon as they are there, and never once they went."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from schemas import ids
from schemas.events.knowledge import DocumentEvent, DocumentPublished, DocumentRemoved, Section
from schemas.events.replies import ReplyGenerated, ReplySource
from tests.connected import delivery_bed as bed
from tests.connected.nlp_bed import ROOT, Listener, listening, nlp, question, start_at_the_end
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

ASKED = "How do I feed the office hamster?"
TOLD = "The office hamster eats two spoons of seeds every evening."


def published(document: UUID, version: int) -> DocumentPublished:
    return DocumentPublished(
        event_id=uuid4(),
        occurred_at=bed.unique_hour(),
        correlation_id=uuid4(),
        document_id=document,
        version=version,
        title="Hamster",
        sha256=f"{version:064x}",
        sections=(
            Section(id=f"doc-{document.hex[:10]}-1", title="Feeding the office hamster", text=TOLD),
        ),
    )


def removed(document: UUID, version: int) -> DocumentRemoved:
    return DocumentRemoved(
        event_id=uuid4(),
        occurred_at=bed.unique_hour(),
        correlation_id=uuid4(),
        document_id=document,
        version=version,
    )


class Talk:
    """Asks the same question again and again."""

    def __init__(self, stack: Stack, listener: Listener) -> None:
        self._stack = stack
        self._listener = listener

    async def ask(self) -> ReplyGenerated:
        asked = question(ASKED)
        async with bed.producing(self._stack) as producer:
            await bed.publish(producer, [asked])
        await self._listener.until_answered({asked.message_id})
        replies = self._listener.heard.replies
        return next(each for each in replies if each.in_reply_to == asked.message_id)

    async def until(self, source: ReplySource) -> ReplyGenerated:
        """Ask until the answer comes from there."""
        async with asyncio.timeout(30):
            while (reply := await self.ask()).source is not source:
                await asyncio.sleep(0.2)
        return reply


async def tell(stack: Stack, event: DocumentEvent) -> None:
    async with bed.producing(stack) as producer:
        await bed.publish(producer, [event])


async def test_the_assistant_follows_the_editors(infra_stack: Stack, tmp_path: Path) -> None:
    """Published, it is said and cited without a restart; removed, nobody hears it again."""
    await start_at_the_end(infra_stack)
    document = ids.document_id(f"hamster-{uuid4()}.md")
    kept = ROOT / ".parley" / "models"
    model_dir = kept if kept.is_dir() else tmp_path
    async with listening(infra_stack) as listener:
        talk = Talk(infra_stack, listener)
        with nlp(infra_stack, model_dir):
            assert (await talk.ask()).source is ReplySource.HANDOVER
            await tell(infra_stack, published(document, 1))
            reply = await talk.until(ReplySource.RETRIEVAL)
            assert reply.text == TOLD
            assert [each.id for each in reply.citations] == [f"doc-{document.hex[:10]}-1"]
            assert "+documents-" in reply.model_version
        with nlp(infra_stack, model_dir):
            # A replica that starts knows it before its first answer.
            assert (await talk.ask()).source is ReplySource.RETRIEVAL
            await tell(infra_stack, removed(document, 2))
            await talk.until(ReplySource.HANDOVER)
