"""The routes that change a conversation as a whole; only its owner finds it there."""

from uuid import UUID

from fastapi import APIRouter

from gateway.chat.changing_views import ChangeConversation
from gateway.chat.endpoints import spend
from gateway.chat.views import ConversationAccepted
from gateway.http.route import StrictJsonRoute
from gateway.state import SignedInUser, State
from schemas.frames.codes import AckStatus

router = APIRouter(prefix="/api/chat", tags=["chat"], route_class=StrictJsonRoute)


@router.put("/conversations/{conversation_id}", status_code=202)
async def change_conversation(
    conversation_id: UUID, body: ChangeConversation, user: SignedInUser, state: State
) -> ConversationAccepted:
    """Rename or end one of my conversations; statuses as for messages."""
    await spend(state, user)
    changing = state["changing"]
    if body.title is not None:
        await changing.rename(user, conversation_id, body.title, body.client_event_id)
    if body.status is not None:
        await changing.end(user, conversation_id)
    return ConversationAccepted(status=AckStatus.ACCEPTED, conversation_id=conversation_id)


@router.delete("/conversations/{conversation_id}", status_code=202)
async def delete_conversation(
    conversation_id: UUID, user: SignedInUser, state: State
) -> ConversationAccepted:
    """Delete one of my conversations with everything in it; 404 once it is gone."""
    await spend(state, user)
    await state["changing"].delete(user, conversation_id)
    return ConversationAccepted(status=AckStatus.ACCEPTED, conversation_id=conversation_id)
