"""The routes of agents: what waits for a person, and coming in."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from gateway.chat.cursor import read_cursor, write_cursor
from gateway.chat.endpoints import CURSOR_CHARS, Limit, agent_views, owner_view, preview, spend
from gateway.chat.ports import Waiting
from gateway.chat.views import ConversationAccepted, WaitingPage, WaitingView
from gateway.http.route import StrictJsonRoute
from gateway.state import SignedInUser, State
from schemas.frames.codes import AckStatus

After = Annotated[str | None, Query(max_length=CURSOR_CHARS, description="`next` of another page.")]

router = APIRouter(prefix="/api/chat", tags=["chat"], route_class=StrictJsonRoute)


@router.get("/handovers")
async def list_handovers(
    user: SignedInUser, state: State, after: After = None, limit: Limit = 30
) -> WaitingPage:
    """List the conversations that are with a person, the longest waiting first; for agents."""
    page = await state["agents"].waiting(user.sub, read_cursor(after), limit)
    return WaitingPage(
        items=tuple(_waiting(one) for one in page.items),
        next=None if page.next is None else write_cursor(page.next),
    )


@router.put("/conversations/{conversation_id}/agents/me", status_code=202)
async def join_as_agent(
    conversation_id: UUID, user: SignedInUser, state: State
) -> ConversationAccepted:
    """Come into a conversation that is with a person, as an agent; statuses as for messages."""
    await spend(state, user)
    await state["agents"].join(user, conversation_id)
    return ConversationAccepted(status=AckStatus.ACCEPTED, conversation_id=conversation_id)


def _waiting(one: Waiting) -> WaitingView:
    conversation = one.conversation
    return WaitingView(
        id=conversation.id,
        title=conversation.title,
        first_message_preview=preview(conversation.first_message_text),
        owner=owner_view(conversation),
        handled_since=one.place.at,
        note=one.note,
        agents=agent_views(one.agents),
    )
