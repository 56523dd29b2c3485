"""The assistant's routes."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Header, Request
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.responses import Response

from gateway.ai import answers
from gateway.ai.asking import asked
from gateway.ai.errors import NoAnswer, NoAnswerError
from gateway.ai.service import Piece
from gateway.ai.views import (
    GeneratedResponse,
    IntentView,
    ModelList,
    ProcessedMessage,
    SentimentView,
    SummaryQuestion,
    SummaryView,
    TextQuestion,
    View,
)
from gateway.http.problems import unavailable
from gateway.http.route import StrictJsonRoute
from gateway.state import GatewayState, SignedInUser, State
from schemas.claims import AccessClaims
from schemas.events.ai import ResponseGenerated, ResponsePiece

EVENT_STREAM = EventSourceResponse.media_type
_DETAILS = {
    NoAnswer.UNAVAILABLE: "The assistant cannot be asked for a moment; try again.",
    NoAnswer.BUSY: "Too many requests wait for the assistant; try again.",
    NoAnswer.TIMEOUT: "The assistant has not answered in time; try again.",
    NoAnswer.FAILED: "The assistant could not answer this; try again.",
}
_STREAMED: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            EVENT_STREAM: {
                "schema": {
                    "type": "string",
                    "description": "Events `piece` `{sequence, text}`, then one `done` "
                    "(`GeneratedResponse`) or one `error` (`Problem`).",
                }
            }
        }
    }
}

router = APIRouter(prefix="/api/ai", tags=["ai"], route_class=StrictJsonRoute)


@router.post("/process-message")
async def process_message(body: TextQuestion, user: SignedInUser, state: State) -> ProcessedMessage:
    """Understand a message and answer it, outside of any conversation."""
    async with asked("process-message", user, state):
        return answers.processed(await state["assisting"].process(user, body))


@router.post("/sentiment")
async def read_sentiment(body: TextQuestion, user: SignedInUser, state: State) -> SentimentView:
    """Tell the mood of a text."""
    async with asked("sentiment", user, state):
        return answers.sentiment(await state["assisting"].sentiment(user, body))


@router.post("/intent")
async def read_intent(body: TextQuestion, user: SignedInUser, state: State) -> IntentView:
    """Tell what a text wants, and what else it may want."""
    async with asked("intent", user, state):
        return answers.intent(await state["assisting"].intent(user, body))


@router.post("/generate-response", response_model=GeneratedResponse, responses=_STREAMED)
async def generate_response(
    body: TextQuestion,
    user: SignedInUser,
    state: State,
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> View | Response:
    """Answer a text; with `Accept: text/event-stream` as events, piece by piece."""
    if EVENT_STREAM in accept:
        return await _in_pieces(body, user, state)
    async with asked("generate-response", user, state):
        return answers.response(await state["assisting"].respond(user, body))


@router.post("/summarize")
async def summarize(body: SummaryQuestion, user: SignedInUser, state: State) -> SummaryView:
    """Summarize one of my conversations, messages, or a text."""
    async with asked("summarize", user, state):
        said = await state["assisting"].conversation(user, body)
        turns = answers.turns(body, said)
        if not turns:
            return answers.NOTHING_SAID
        reply = await state["assisting"].summarize(user, body, turns)
        return answers.summary(reply, len(turns), said)


@router.get("/models/loaded")
async def list_loaded_models(user: SignedInUser, state: State) -> ModelList:
    """Tell what is loaded in the process that answers."""
    async with asked("models/loaded", user, state):
        return answers.models(await state["assisting"].models(user))


def answer_unanswered(app: FastAPI) -> None:
    """Answer what the assistant did not."""
    app.exception_handler(NoAnswerError)(_on_no_answer)


async def _on_no_answer(_: Request, error: NoAnswerError) -> Response:
    return unavailable(error.reason, _DETAILS[error.reason])


async def _in_pieces(body: TextQuestion, user: AccessClaims, state: GatewayState) -> Response:
    pieces = _measured_pieces(body, user, state)
    # Until there is a first piece, a failure is still a status and a problem.
    first = await anext(pieces)
    return EventSourceResponse(_events(first, pieces), headers={"X-Accel-Buffering": "no"})


async def _measured_pieces(
    body: TextQuestion, user: AccessClaims, state: GatewayState
) -> AsyncGenerator[Piece]:
    async with asked("generate-response", user, state):
        async for piece in state["assisting"].respond_in_pieces(user, body):
            yield piece


async def _events(first: Piece, rest: AsyncGenerator[Piece]) -> AsyncIterator[bytes]:
    yield _event(first)
    try:
        async with aclosing(rest):
            async for piece in rest:
                yield _event(piece)
    except NoAnswerError as error:
        problem = bytes(unavailable(error.reason, _DETAILS[error.reason]).body)
        yield format_sse_event(data_str=problem.decode(), event="error")


def _event(piece: Piece) -> bytes:
    name = "done" if isinstance(piece, ResponseGenerated) else "piece"
    view: View = (
        answers.piece(piece) if isinstance(piece, ResponsePiece) else answers.response(piece)
    )
    return format_sse_event(data_str=view.model_dump_json(), event=name, id=str(piece.sequence))
