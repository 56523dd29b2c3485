"""The routes of conversations, messages and history."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, FastAPI, Query, Request
from starlette.responses import Response

from gateway.chat.cursor import read_cursor, write_cursor
from gateway.chat.ports import (
    PREVIEW_CHARS,
    Agent,
    Conversation,
    Handover,
    Place,
    ReadMark,
    Utterance,
)
from gateway.chat.service import NotAcceptedError
from gateway.chat.views import (
    AgentView,
    ConversationAccepted,
    ConversationDetail,
    ConversationItem,
    ConversationPage,
    ConversationView,
    HandOver,
    HistoryPage,
    MessageAccepted,
    PersonView,
    SendMessage,
    StartConversation,
)
from gateway.http.problems import problem, unavailable
from gateway.http.route import StrictJsonRoute
from gateway.state import GatewayState, SignedInUser, State
from producers.ports import PublishStatus
from schemas.claims import AccessClaims
from schemas.frames.codes import AckStatus
from schemas.positions import Position
from schemas.text import format_instant

CURSOR_CHARS = 64

Before = Annotated[
    str | None, Query(max_length=CURSOR_CHARS, description="`next` of another page.")
]
Limit = Annotated[int, Query(ge=1, le=100)]

router = APIRouter(prefix="/api/chat", tags=["chat"], route_class=StrictJsonRoute)


@router.post("/messages", status_code=202)
async def send_message(body: SendMessage, user: SignedInUser, state: State) -> MessageAccepted:
    """Say something; 503 with `code` `unknown` or `busy` means: repeat under the same client id."""
    await spend(state, user)
    message_id = await state["conversing"].say(
        user, body.conversation_id, body.client_message_id, body.text
    )
    return MessageAccepted(status=AckStatus.ACCEPTED, message_id=message_id)


@router.post("/conversations", status_code=201)
async def start_conversation(
    body: StartConversation, user: SignedInUser, state: State
) -> ConversationView:
    """Open a conversation."""
    await spend(state, user)
    started = await state["conversing"].start(user, body.client_conversation_id, body.title)
    return _view(started)


@router.get("/conversations")
async def list_conversations(
    user: SignedInUser, state: State, before: Before = None, limit: Limit = 30
) -> ConversationPage:
    """List my conversations, the last started first."""
    page = await state["conversing"].conversations_of(user.sub, read_cursor(before), limit)
    return ConversationPage(
        items=tuple(_item(one) for one in page.items), next=_cursor_or_none(page.next)
    )


@router.get("/conversations/{conversation_id}")
async def get_conversation(
    conversation_id: UUID, user: SignedInUser, state: State
) -> ConversationDetail:
    """Tell of a conversation that is mine, or that I joined as an agent."""
    found = await state["conversing"].enter(user.sub, conversation_id)
    agents = await state["agents"].of(conversation_id)
    return ConversationDetail(
        **dict(_view(found)), owner=owner_view(found), agents=agent_views(agents)
    )


@router.put("/conversations/{conversation_id}/handover", status_code=202)
async def hand_over(
    conversation_id: UUID, body: HandOver, user: SignedInUser, state: State
) -> ConversationAccepted:
    """Call a person, or let the assistant answer again; statuses as for messages."""
    await spend(state, user)
    await state["conversing"].hand_over(
        user, conversation_id, body.to, body.note, body.client_event_id
    )
    return ConversationAccepted(status=AckStatus.ACCEPTED, conversation_id=conversation_id)


@router.get("/conversations/{conversation_id}/messages", response_model=HistoryPage)
async def read_history(
    conversation_id: UUID,
    user: SignedInUser,
    state: State,
    before: Before = None,
    limit: Limit = 50,
) -> Response:
    """Read what was said: the newest page first, each page in (occurred_at, event_id) order."""
    # Before the rows: what is stored meanwhile is then read, and sent by the socket once more.
    reached = await state["conversing"].reached(conversation_id)
    conversation = await state["conversing"].enter(user.sub, conversation_id)
    page = await state["conversing"].history(user.sub, conversation, read_cursor(before), limit)
    marks = await state["conversing"].read_marks(conversation_id)
    delivered = await state["conversing"].delivery_marks(conversation_id)
    handover = await state["conversing"].handover(conversation_id)
    agents = await state["agents"].of(conversation_id)
    body = history_body(
        page.items,
        marks,
        page.next,
        reached,
        handover=handover,
        delivered=delivered,
        agents=agents,
        owner=owner_view(conversation),
    )
    body |= conversation_body(conversation)
    return Response(orjson.dumps(body), media_type="application/json")


def history_body(
    said: Sequence[Utterance],
    marks: Sequence[ReadMark],
    following: Place | None,
    reached: Sequence[Position] = (),
    *,
    handover: Handover | None = None,
    delivered: Sequence[ReadMark] = (),
    agents: Sequence[Agent] = (),
    owner: PersonView | None = None,
) -> dict[str, object]:
    """Return a `HistoryPage` without a second pass: the bodies were checked as events."""
    items = [_utterance(one) for one in said]
    return {
        "items": items,
        "next": _cursor_or_none(following),
        "read": [_mark(one) for one in marks],
        "delivered": [_mark(one) for one in delivered],
        "handover": _handover(handover),
        "owner": None if owner is None else owner.model_dump(mode="json"),
        "agents": [each.model_dump(mode="json") for each in agent_views(agents)],
        "positions": [str(position) for position in reached],
    }


def conversation_body(one: Conversation) -> dict[str, object]:
    """Return what a `HistoryPage` says of its conversation."""
    title = {
        "text": one.title,
        "occurred_at": format_instant(one.title_place.at),
        "event_id": str(one.title_place.id),
    }
    ended_at = None if one.ended_at is None else format_instant(one.ended_at)
    return {"title": title, "ended_at": ended_at}


async def _on_not_accepted(_: Request, error: NotAcceptedError) -> Response:
    made = {name: str(value) for name, value in error.made.items()}
    if error.status is PublishStatus.FAILED:
        return problem(422, "too_long", "It is too large for the log.", ack=AckStatus.REJECTED)
    busy = error.status is PublishStatus.BUSY
    code = AckStatus.BUSY if busy else AckStatus.UNKNOWN
    detail = (
        "Too much is under way; repeat it."
        if busy
        else "It is not known whether it was taken; repeat it under the same client id."
    )
    return unavailable(code, detail, ack=code, **made)


def owner_view(one: Conversation) -> PersonView:
    """Return whose a conversation is."""
    return PersonView(id=one.owner_id, name=one.owner_name)


def agent_views(agents: Sequence[Agent]) -> tuple[AgentView, ...]:
    """Return who came into a conversation."""
    return tuple(
        AgentView(id=agent.id, name=agent.name, joined_at=agent.joined_at) for agent in agents
    )


def answer_unaccepted(app: FastAPI) -> None:
    """Answer what the log did not confirm; `ack` and `code` are the socket's status."""
    app.exception_handler(NotAcceptedError)(_on_not_accepted)


async def spend(state: GatewayState, user: AccessClaims) -> None:
    """Count a request that says something.

    Raises:
        TooManyRequestsError: there were too many.
    """
    await state["local_limits"].spend(state["settings"].limits.messages, "messages", str(user.sub))


def _cursor_or_none(place: Place | None) -> str | None:
    return None if place is None else write_cursor(place)


def _view(one: Conversation) -> ConversationView:
    return ConversationView(
        id=one.id,
        title=one.title,
        status=one.status,
        started_at=one.started_at,
        handled_by=one.handled_by,
        handled_since=one.handled_since,
        ended_at=one.ended_at,
        titled_at=one.title_place.at,
    )


def _handover(last: Handover | None) -> dict[str, str | None] | None:
    if last is None:
        return None
    return {
        "to": last.to,
        "occurred_at": format_instant(last.occurred_at),
        "event_id": str(last.event_id),
        "note": last.note,
    }


def _mark(one: ReadMark) -> dict[str, str]:
    return {
        "user_id": str(one.user_id),
        "message_id": str(one.message_id),
        "up_to": format_instant(one.up_to),
    }


def _utterance(one: Utterance) -> dict[str, object]:
    reactions = [{"user_id": str(each.user_id), "emoji": each.emoji} for each in one.reactions]
    shown = {"type": one.type, **one.body, "reactions": reactions}
    return {**shown, "rating": one.rating} if one.type == "reply" else shown


def _item(one: Conversation) -> ConversationItem:
    return ConversationItem(
        id=one.id,
        title=one.title,
        status=one.status,
        started_at=one.started_at,
        handled_by=one.handled_by,
        handled_since=one.handled_since,
        ended_at=one.ended_at,
        titled_at=one.title_place.at,
        last_message_at=one.last_message_at,
        last_message_preview=preview(one.last_message_text),
        first_message_preview=preview(one.first_message_text),
    )


def preview(text: str | None) -> str | None:
    """Return the beginning of a text, in one line."""
    return None if text is None else " ".join(text.split())[:PREVIEW_CHARS]
