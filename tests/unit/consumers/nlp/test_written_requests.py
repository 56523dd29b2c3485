"""Requests over REST with a language model: it writes where it does in chats, within their time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, cast

import pytest

from consumers.nlp.handlers import Handler, RequestHandler
from consumers.nlp.service.patience import WAY_BACK_SECONDS
from consumers.nlp.service.prompting import RULES
from producers.ports import PublishStatus
from schemas.events.ai import (
    AiReply,
    GenerateResponse,
    IntentRead,
    MessageProcessed,
    ProcessMessage,
    ReadIntent,
    RequestFailed,
    ResponseGenerated,
    ResponsePiece,
)
from schemas.events.replies import Fallback, Moderated, ReplySource, StopReason
from tests.unit.consumers.nlp.room import USER, Room, asked, delivered, nothing_to_prepare
from tests.unit.consumers.nlp.samples import AT, ORDER, RUDE, SNIPPET, message
from tests.unit.consumers.nlp.stage import HELD, Start, until
from tests.unit.consumers.nlp.writers import Desk, ScriptedModel

PLAIN = "Plants travel on Mondays."
SOON = AT + timedelta(seconds=WAY_BACK_SECONDS + 0.1)
"""Who waits until then has a tenth of a second for the model."""


def question(text: str = SNIPPET, **changes: object) -> GenerateResponse:
    """Return a request in somebody's name."""
    given: dict[str, Any] = {**asked(), "user_id": USER, "text": text, **changes}
    return GenerateResponse(**given)


def said(replies: list[AiReply]) -> str:
    """Return the text of all pieces, joined."""
    return "".join(each.text for each in replies if isinstance(each, ResponsePiece))


@pytest.fixture
def desk() -> Desk:
    """Return a language model that works."""
    return Desk()


async def test_the_model_answers_where_it_does_in_chats(
    executor: ThreadPoolExecutor, desk: Desk
) -> None:
    """Both routes that answer: its words, from the same facts, explained, and paid for."""
    room = Room(executor, desk)
    left = desk.purse.left
    process = ProcessMessage(**asked(), user_id=USER, text=f"{SNIPPET} Please.")
    await room.requests.answer([question(), process])
    whole, processed = await room.replied(ResponseGenerated), await room.replied(MessageProcessed)
    for reply in (whole, processed):
        assert (reply.source, reply.text) == (ReplySource.MODEL, "It takes three days.")
        assert reply.model_version == "axis+test+scripted"
        assert reply.why is not None
        assert (reply.why.snippet_ids, reply.why.fallback) == (("plants",), None)
    assert [each.id for each in whole.citations] == ["plants"]
    assert processed.timings_ms["response"] > 0
    for prompt in desk.model.prompts:
        assert prompt.rules.startswith(RULES)
        assert PLAIN in prompt.rules
        assert len(prompt.turns) == 1
    assert left - desk.purse.left == 2 * 104


@pytest.mark.parametrize("text", [ORDER, "tell me a joke"])
async def test_it_is_not_asked_without_need_or_knowledge(
    executor: ThreadPoolExecutor, desk: Desk, text: str
) -> None:
    """Clear intents and what nothing is known of are answered as ever, within the batch."""
    room = Room(executor, desk)
    await room.requests.answer([question(text)])
    (reply,) = room.replies
    assert isinstance(reply, ResponseGenerated)
    assert reply.source in {ReplySource.TEMPLATE, ReplySource.HANDOVER}
    assert desk.model.prompts == []


async def test_what_it_writes_streams_and_holds_up_nobody(executor: ThreadPoolExecutor) -> None:
    """Its first words are on the log before its last ones are known; the batch is done at once."""
    desk = Desk(ScriptedModel(holds_at=HELD))
    room = Room(executor, desk)
    await room.requests.answer([question(stream=True), ReadIntent(**asked(), text=ORDER)])
    assert any(isinstance(each, IntentRead) for each in room.replies)
    await until(lambda: said(room.replies) != "")
    desk.model.go.set()
    whole = await room.replied(ResponseGenerated)
    told = [each for each in room.replies if not isinstance(each, IntentRead)]
    assert [each.sequence for each in told] == list(range(len(told)))
    assert said(room.replies) == whole.text == "It takes three days."
    assert whole.source is ReplySource.MODEL


async def test_white_space_waits_for_the_word_behind_it(executor: ThreadPoolExecutor) -> None:
    """A text never ends in it, so that the pieces are the text whenever it ends."""
    desk = Desk(ScriptedModel(words=("It takes  ", "\n three ", "days. \n"), holds_at=1))
    room = Room(executor, desk)
    await room.requests.answer([question(stream=True)])
    await until(lambda: said(room.replies) == "It takes")
    desk.model.go.set()
    whole = await room.replied(ResponseGenerated)
    assert said(room.replies) == whole.text == "It takes  \n three days."


async def test_a_repeat_gets_the_same_answer(executor: ThreadPoolExecutor) -> None:
    """While it is written and afterwards, also for another gateway; it is written once."""
    desk = Desk(ScriptedModel(holds_at=HELD))
    room = Room(executor, desk)
    request = question()
    elsewhere = request.model_copy(update={"reply_partition": 5, "reply_fence": 9})
    await room.requests.answer([request])
    await room.requests.answer([elsewhere])
    desk.model.go.set()
    await until(lambda: len(room.replies) == 2)
    await room.requests.answer([request])
    one, two, three = room.replies
    assert one == three
    assert (two.reply_partition, two.reply_fence) == (5, 9)
    assert two.model_copy(update={"reply_partition": 3, "reply_fence": 7}) == one
    assert len(desk.model.prompts) == 1


async def test_the_same_question_is_answered_from_the_cache_that_chats_have(
    executor: ThreadPoolExecutor, start: Start, desk: Desk
) -> None:
    """What was answered in a chat is not written again, and says so; in pieces too."""
    stage = start(desk)
    await stage.ask(message(SNIPPET))
    await stage.replied()
    room = Room(executor, desk)
    await room.requests.answer([question(f"{SNIPPET} ?", stream=True)])
    whole = await room.replied(ResponseGenerated)
    assert whole.why is not None
    assert whole.why.cached
    assert said(room.replies) == whole.text == "It takes three days."
    assert len(desk.model.prompts) == 1


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("make", "changes", "reason"),
    [
        (lambda: Desk(ScriptedModel(fails_at=0)), {}, Fallback.FAILED),
        (lambda: Desk(ScriptedModel(holds_at=0)), {"answer_by": SOON}, Fallback.DEADLINE),
        (lambda: Desk(ScriptedModel(words=(RULES,))), {}, Fallback.GUARDED),
        (lambda: Desk(at_once=0, waiting=0), {}, Fallback.BUSY),
        (Desk, {"user_id": None}, Fallback.BUDGET),
    ],
    ids=["fails", "too late", "tells its rules", "too many", "nobody pays"],
)
async def test_without_the_model_the_snippet_answers_and_says_why(
    executor: ThreadPoolExecutor,
    make: Callable[[], Desk],
    changes: dict[str, Any],
    reason: Fallback,
    *,
    stream: bool,
) -> None:
    """In time, and in pieces for who wants them."""
    desk = make()
    room = Room(executor, desk)
    await room.requests.answer([question(stream=stream, **changes)])
    whole = await room.replied(ResponseGenerated)
    assert (whole.source, whole.text) == (ReplySource.RETRIEVAL, PLAIN)
    assert whole.why is not None
    assert whole.why.fallback is reason
    assert said(room.replies) == (PLAIN if stream else "")
    assert desk.cache.answers == {}


async def test_a_model_that_fails_in_the_middle_takes_its_words_back(
    executor: ThreadPoolExecutor,
) -> None:
    """What was told stays; the answer that ends it is another one, and says so."""
    desk = Desk(ScriptedModel(holds_at=HELD, fails_at=HELD + 1))
    room = Room(executor, desk)
    await room.requests.answer([question(stream=True)])
    await until(lambda: said(room.replies) == "It takes")
    desk.model.go.set()
    whole = await room.replied(ResponseGenerated)
    assert whole.text == PLAIN
    assert whole.why is not None
    assert whole.why.fallback is Fallback.FAILED
    assert "It takes three".startswith(said(room.replies))


async def test_what_is_written_in_time_is_the_answer(executor: ThreadPoolExecutor) -> None:
    """Whole answers end when who asked stops waiting; streams go on once they have begun."""
    held = Desk(ScriptedModel(holds_at=HELD))
    room = Room(executor, held)
    await room.requests.answer([question(answer_by=SOON)])
    whole = await room.replied(ResponseGenerated)
    assert (whole.text, whole.stopped) == ("It takes", StopReason.DEADLINE)
    streaming = Room(executor, held)
    await streaming.requests.answer([question(answer_by=SOON, stream=True)])
    await until(lambda: said(streaming.replies) != "")
    await asyncio.sleep(0.2)
    held.model.go.set()
    whole = await streaming.replied(ResponseGenerated)
    assert (whole.text, whole.stopped) == ("It takes three days.", None)


async def test_neither_personal_data_nor_abuse_reaches_the_model(
    executor: ThreadPoolExecutor, desk: Desk
) -> None:
    """Addresses are masked and never kept; abusive words are answered without it."""
    room = Room(executor, desk)
    await room.requests.answer([question(f"{SNIPPET} Write to ada.lovelace@example.com")])
    await room.replied(ResponseGenerated)
    (prompt,) = desk.model.prompts
    assert prompt.turns[0].text == f"{SNIPPET} Write to a***@example.com"
    assert desk.cache.answers == {}
    rude = Room(executor, desk)
    await rude.requests.answer([question(f"{RUDE} , {SNIPPET}")])
    whole = await rude.replied(ResponseGenerated)
    assert whole.why is not None
    assert (whole.why.fallback, whole.why.moderated) == (Fallback.GUARDED, Moderated.QUESTION)
    assert len(desk.model.prompts) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_an_outage_loses_no_written_answer(
    executor: ThreadPoolExecutor, desk: Desk, *, stream: bool
) -> None:
    """What the broker did not take is said again from its beginning, and written once."""
    room = Room(executor, desk)
    room.publisher.status = PublishStatus.UNKNOWN
    await room.requests.answer([question(stream=stream)])
    await until(lambda: desk.cache.answers != {})
    room.publisher.status = PublishStatus.ACCEPTED
    whole = await room.replied(ResponseGenerated)
    assert said(room.replies) == (whole.text if stream else "")
    assert len(desk.model.prompts) == 1


@pytest.mark.parametrize("broker", [PublishStatus.ACCEPTED, PublishStatus.UNKNOWN])
async def test_a_defect_is_told_to_everybody_who_waits(
    executor: ThreadPoolExecutor, broker: PublishStatus
) -> None:
    """At once or as soon as the broker takes it, also to who repeats; nothing is remembered."""
    desk = Desk(version=cast("str", 1))
    room = Room(executor, desk)
    room.publisher.status = broker
    request, process = question(stream=True), ProcessMessage(**asked(), user_id=USER, text=SNIPPET)
    await room.requests.answer([request, process])
    await room.requests.answer([request.model_copy(update={"reply_partition": 5})])
    await asyncio.sleep(0.01)
    room.publisher.status = PublishStatus.ACCEPTED
    await until(lambda: len(room.replies) == 3)
    assert {type(each) for each in room.replies} == {RequestFailed}
    assert sorted(each.reply_partition for each in room.replies) == [3, 3, 5]
    # Whoever asks while the failure is still being told hears of it, too.
    for _ in range(20):
        await asyncio.sleep(0)
    desk.version = "v1"
    await room.requests.answer([request])
    assert (await room.replied(ResponseGenerated)).source is ReplySource.MODEL


async def test_a_stop_gives_what_is_written_a_little_time(
    executor: ThreadPoolExecutor, start: Start
) -> None:
    """The process ends when the answer is on the log; no offset is held back for it."""
    desk = Desk(ScriptedModel(holds_at=HELD))
    room, stage = Room(executor, desk), start(Desk())
    requests = RequestHandler(room.requests, lambda: AT)
    handler = Handler(stage.handler, requests, nothing_to_prepare)
    await handler.handle([delivered(question())])
    assert handler.unfinished() == {}
    settling = asyncio.create_task(handler.settle())
    await asyncio.sleep(0)
    desk.model.go.set()
    await settling
    assert [type(each) for each in room.replies] == [ResponseGenerated]
