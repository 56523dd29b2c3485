"""What a language model writes for nobody: it stops, and whoever still waits hears the rest."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest

from consumers.nlp.handlers import RequestHandler
from schemas.events.ai import (
    AiRequest,
    ProcessMessage,
    RequestLeft,
    ResponseGenerated,
    Summarize,
    Turn,
)
from tests.unit.consumers.nlp.room import USER, Room, asked, delivered
from tests.unit.consumers.nlp.samples import AT, SNIPPET
from tests.unit.consumers.nlp.stage import HELD, until
from tests.unit.consumers.nlp.test_written_requests import question, said
from tests.unit.consumers.nlp.writers import Desk, ScriptedModel


@pytest.fixture
def desk() -> Desk:
    """Return a model that stops in the middle until it is let go."""
    return Desk(ScriptedModel(holds_at=HELD))


@pytest.fixture
def room(executor: ThreadPoolExecutor, desk: Desk) -> Room:
    """Return where requests are answered with it."""
    return Room(executor, desk)


def left(request: AiRequest, **changes: object) -> RequestLeft:
    """Return the word that who asked this does not wait any longer."""
    place = {
        "request_id": request.request_id,
        "reply_partition": request.reply_partition,
        "reply_fence": request.reply_fence,
    }
    return RequestLeft(**{**asked(), **place, **changes})


def requests() -> list[AiRequest]:
    """Return one of each kind that a model writes for."""
    turns = (Turn(speaker="Ada", text="My parcel is lost."),)
    return [
        question(stream=True),
        question(),
        ProcessMessage(**asked(), user_id=USER, text=SNIPPET),
        Summarize(**asked(), user_id=USER, turns=turns, sentences=1),
    ]


@pytest.mark.parametrize("request_", requests(), ids=lambda each: each.event_type)
async def test_nobody_waits_and_the_model_stops(
    room: Room, desk: Desk, request_: AiRequest
) -> None:
    """At once; no more is said, kept or paid for, and the same question is answered anew."""
    full = desk.purse.left
    handler = RequestHandler(room.requests, lambda: AT)
    await handler.handle([delivered(request_)])
    await until(lambda: desk.model.under_way == 1)
    await handler.handle([delivered(left(request_))])
    await until(lambda: desk.model.under_way == 0)
    await until(lambda: full - desk.purse.left < 200)
    assert desk.cache.answers == {}
    before = len(room.replies)
    desk.model.go.set()
    await room.requests.answer([request_])
    await until(lambda: any(each.last for each in room.replies[before:]))
    assert len(desk.model.prompts) == 2


async def until_settled() -> None:
    """Wait for what a cancelled task would have done by now."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_somebody_else_still_waits(room: Room, desk: Desk) -> None:
    """Another gateway that was asked the same, or another lease of the same partition."""
    request = question(stream=True)
    elsewhere = request.model_copy(update={"reply_partition": 5})
    await room.requests.answer([request])
    await room.requests.answer([elsewhere])
    await room.requests.answer([left(request)])
    await until_settled()
    await until(lambda: said(room.replies) != "")
    desk.model.go.set()
    await until(lambda: sum(isinstance(each, ResponseGenerated) for each in room.replies) == 2)
    whole = await room.replied(ResponseGenerated)
    assert whole.text == "It takes three days."


async def test_the_last_of_two_stops_it(room: Room, desk: Desk) -> None:
    """Each says for itself that it has left."""
    request = question(stream=True)
    elsewhere = request.model_copy(update={"reply_fence": 9})
    await room.requests.answer([request, elsewhere])
    await until(lambda: desk.model.under_way == 1)
    await room.requests.answer([left(request)])
    await until_settled()
    assert desk.model.under_way == 1
    await room.requests.answer([left(elsewhere)])
    await until(lambda: desk.model.under_way == 0)


async def test_both_may_leave_at_once(room: Room, desk: Desk) -> None:
    """In one batch."""
    request = question(stream=True)
    elsewhere = request.model_copy(update={"reply_fence": 9})
    await room.requests.answer([request, elsewhere])
    await until(lambda: desk.model.under_way == 1)
    await room.requests.answer([left(request), left(elsewhere)])
    await until(lambda: desk.model.under_way == 0)


async def test_the_order_in_a_batch_counts(room: Room, desk: Desk) -> None:
    """Asked and left is not written; left and asked again is."""
    request, again = question(), question()
    await room.requests.answer([again])
    await room.requests.answer([request, left(request), left(again), again])
    desk.model.go.set()
    await until(lambda: any(each.request_id == again.request_id for each in room.replies))
    await until(lambda: desk.model.under_way == 0)
    assert {each.request_id for each in room.replies} == {again.request_id}


@pytest.mark.parametrize("unknown", [UUID(int=7)])
async def test_leaving_what_is_not_written_means_nothing(room: Room, unknown: UUID) -> None:
    """It was answered, or is somebody else's; nothing is said about it."""
    request = question("tell me a joke")
    await room.requests.answer([request])
    before = len(room.replies)
    await room.requests.answer([left(request), left(request, request_id=unknown)])
    assert len(room.replies) == before
    await room.requests.answer([request])
    assert room.replies[-1] == room.replies[0]
