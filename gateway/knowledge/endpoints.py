"""The routes of the knowledge base's editors."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Query, Response, UploadFile

from gateway.ai.asking import asked
from gateway.chat.cursor import read_cursor, write_cursor
from gateway.knowledge.ports import Document
from gateway.knowledge.views import (
    DocumentList,
    DocumentPublishedView,
    DocumentText,
    DocumentView,
    HitList,
    HitView,
    OpenQuestionPage,
    OpenQuestionView,
)
from gateway.state import SignedInUser, State
from schemas.claims import AccessClaims
from schemas.events.ai import MOST_SNIPPETS, NearSnippet
from schemas.text import Title, Words

DOCUMENTS = "/api/knowledge/documents"
MAX_UPLOAD_BYTES = 8 * 1024 * 1024

_CURSOR_CHARS = 64

Before = Annotated[
    str | None, Query(max_length=_CURSOR_CHARS, description="`next` of another page.")
]
Limit = Annotated[int, Query(ge=1, le=100)]


async def editor(user: SignedInUser, state: State) -> AccessClaims:
    """Let through who may edit; before the body is looked at."""
    await state["editing"].require_editor(user.sub)
    return user


Editor = Annotated[AccessClaims, Depends(editor)]

# Nobody else gets any further, not even to be told what is wrong with a file.
router = APIRouter(prefix="/api/knowledge", tags=["knowledge"], dependencies=[Depends(editor)])


@router.post("/documents", status_code=201)
async def publish_document(
    user: Editor,
    state: State,
    response: Response,
    file: Annotated[UploadFile, File(description="Markdown, HTML, text, CSV, YAML or PDF.")],
    title: Annotated[Title | None, Form(description="The file's name when left out.")] = None,
) -> DocumentPublishedView:
    """Take a file in; one of the same name is its next version, and 200 says nothing changed."""
    document, changed = await state["editing"].publish(
        user.sub, file.filename or "", title, await file.read()
    )
    if not changed:
        response.status_code = 200
    return DocumentPublishedView(**_shown(document), changed=changed)


@router.get("/documents")
async def list_documents(state: State) -> DocumentList:
    """List the documents of the knowledge base."""
    found = await state["editing"].documents()
    return DocumentList(items=tuple(DocumentView(**_shown(each)) for each in found))


@router.get("/documents/{document_id}")
async def get_document(document_id: UUID, state: State) -> DocumentText:
    """Show what a document says, section by section."""
    document, sections = await state["editing"].find(document_id)
    return DocumentText(**_shown(document), text=tuple(sections))


@router.delete("/documents/{document_id}", status_code=204)
async def remove_document(document_id: UUID, user: Editor, state: State) -> None:
    """Take a document away; nothing of it is said any more."""
    await state["editing"].remove(user.sub, document_id)


@router.get("/search")
async def search_knowledge(
    q: Annotated[Words, Query(description="A question or words, as people would write them.")],
    user: Editor,
    state: State,
    limit: Annotated[int, Query(ge=1, le=MOST_SNIPPETS)] = 20,
) -> HitList:
    """Tell what the assistant finds: snippets and sections of documents, the nearest first."""
    async with asked("knowledge/search", user, state):
        found = await state["assisting"].find(user, q, limit)
    sources = await state["editing"].sources([each.id for each in found.snippets])
    return HitList(
        items=tuple(_hit(each, sources.get(each.id)) for each in found.snippets),
        language=found.language,
        model_version=found.model_version,
    )


@router.get("/unanswered")
async def list_unanswered(
    state: State, before: Before = None, limit: Limit = 50
) -> OpenQuestionPage:
    """List questions that the assistant had no answer to, the latest first."""
    page = await state["editing"].open_questions(read_cursor(before), limit)
    return OpenQuestionPage(
        items=tuple(
            OpenQuestionView(
                conversation_id=each.conversation_id,
                message_id=each.message_id,
                text=each.text,
                intent=each.intent,
                occurred_at=each.place.at,
            )
            for each in page.items
        ),
        next=None if page.next is None else write_cursor(page.next),
    )


def _hit(found: NearSnippet, source: Document | None) -> HitView:
    return HitView(
        **found.model_dump(),
        document_id=None if source is None else source.id,
        document_title=None if source is None else source.title,
    )


def _shown(document: Document) -> dict[str, Any]:
    return {name: getattr(document, name) for name in DocumentView.model_fields}
