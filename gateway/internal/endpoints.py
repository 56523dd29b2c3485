"""Who may be in a conversation, for edges that meet one they do not know."""

import hmac
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import AfterValidator

from gateway.chat.ports import ENDED
from gateway.chat.views import AccessView, MessageView
from gateway.state import State
from runtime.tokens import InvalidTokenError
from schemas.positions import parse_position


def _position(text: str) -> str:
    parse_position(text)
    return text


Needed = Annotated[tuple[Annotated[str, AfterValidator(_position)], ...], Query(max_length=8)]

_bearer = HTTPBearer(auto_error=False, scheme_name="internalToken")


def require_internal_token(
    state: State,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> None:
    """Let nobody in who does not know the secret that Parley's processes share.

    Raises:
        InvalidTokenError: the caller does not.
    """
    shown = credentials.credentials.encode() if credentials is not None else b""
    secret = state["settings"].internal_token.get_secret_value().encode()
    if not hmac.compare_digest(shown, secret):
        raise InvalidTokenError("the internal token is not valid")


router = APIRouter(
    prefix="/internal", tags=["internal"], dependencies=[Depends(require_internal_token)]
)


@router.get("/conversations/{conversation_id}/access")
async def conversation_access(conversation_id: UUID, user_id: UUID, state: State) -> AccessView:
    """Tell whether a user may be in a conversation."""
    found, kind = await state["conversing"].access(user_id, conversation_id)
    agents = await state["agents"].of(conversation_id)
    return AccessView(
        conversation_id=found.id,
        owner_id=found.owner_id,
        allowed=kind is not None,
        kind=kind,
        agents=tuple(agent.id for agent in agents),
        ended=found.status == ENDED,
    )


@router.get("/conversations/{conversation_id}/messages/{message_id}")
async def message_author(
    conversation_id: UUID, message_id: UUID, state: State, needed: Needed = ()
) -> MessageView:
    """Tell whose a message of a conversation is; 503 while history is not up to what is needed."""
    found = await state["conversing"].message(
        conversation_id, message_id, [parse_position(text) for text in needed]
    )
    return MessageView(
        message_id=found.message_id,
        sender_id=found.sender_id,
        occurred_at=found.place.at,
        deleted=found.deleted,
        text=found.body.get("text"),
        answers=found.body.get("in_reply_to") if found.type == "reply" else None,
    )
