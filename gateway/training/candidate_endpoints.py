"""The routes of training candidates: what people thought of answers, for the editor to sort."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from gateway.chat.cursor import read_cursor, write_cursor
from gateway.http.route import StrictJsonRoute
from gateway.state import State
from gateway.training import candidate_ports as ports
from gateway.training.candidate_views import CandidatePage, CandidateView, LabelAsked, LabelView
from gateway.training.endpoints import TRAIN_PATH, Admin

_CURSOR_CHARS = 64

Before = Annotated[
    str | None, Query(max_length=_CURSOR_CHARS, description="`next` of another page.")
]
Limit = Annotated[int, Query(ge=1, le=100)]
OfState = Annotated[ports.State, Query(alias="state", description="What has become of them.")]

router = APIRouter(prefix=f"{TRAIN_PATH}/candidates", tags=["ai"], route_class=StrictJsonRoute)


@router.get("")
async def training_candidates(
    _: Admin,
    state: State,
    of_state: OfState = ports.State.OPEN,
    before: Before = None,
    limit: Limit = 50,
) -> CandidatePage:
    """List questions whose answers were rated or that had none, the latest first."""
    page = await state["candidates"].page(of_state, read_cursor(before), limit)
    return CandidatePage(
        items=tuple(map(CandidateView.of, page.items)),
        next=None if page.next is None else write_cursor(page.next),
    )


@router.put("/{message_id}")
async def label_candidate(
    message_id: UUID, body: LabelAsked, admin: Admin, state: State
) -> LabelView:
    """Say which intent a question means, or that nothing is to be learnt from it."""
    label = await state["candidates"].label(admin, message_id, body.intent)
    return LabelView(
        message_id=label.message_id,
        intent=label.intent,
        dismissed=label.intent is None,
        labelled_at=label.labelled_at,
    )
