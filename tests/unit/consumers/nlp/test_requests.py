"""Requests over REST: answered once, to who asked, in time, with no trace of what was asked."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import uuid4

import pytest
from prometheus_client import REGISTRY

from consumers.nlp.handlers import Handler, MessageHandler, RequestHandler
from consumers.nlp.service.analysis import Question
from consumers.nlp.service.answered import LIFETIME, REMEMBERED, Answered
from consumers.nlp.service.assistant import Assistant
from consumers.nlp.service.handovers import Handovers
from producers.ports import PublishStatus
from runtime.errors import RetryableError
from schemas.events.ai import (
    AiReply,
    AiRequest,
    FindSnippets,
    GenerateResponse,
    IntentRead,
    ListModels,
    MessageProcessed,
    ModelsListed,
    ProcessMessage,
    ReadIntent,
    ReadSentiment,
    ResponseGenerated,
    ResponsePiece,
    SentimentRead,
    SnippetsFound,
    Summarize,
    Summarized,
    Turn,
)
from schemas.events.replies import ReplyGenerated, ReplySource
from schemas.topics import Topic
from tests.unit.consumers.nlp.room import Room, asked, delivered, nothing_to_prepare
from tests.unit.consumers.nlp.samples import (
    AT,
    ORDER,
    SNIPPET,
    UNCLEAR,
    message,
)


async def test_every_kind_is_answered_by_its_own(room: Room) -> None:
    """One answer each, on the asking gateway's partition, under its lease, chained to its cause."""
    kinds: list[tuple[AiRequest, type[AiReply]]] = [
        (ProcessMessage(**asked(), text=f"{ORDER} #48213"), MessageProcessed),
        (ReadSentiment(**asked(), text=ORDER), SentimentRead),
        (ReadIntent(**asked(), text=ORDER), IntentRead),
        (GenerateResponse(**asked(), text=SNIPPET), ResponseGenerated),
        (Summarize(**asked(), turns=(Turn(speaker="", text=ORDER),), sentences=2), Summarized),
        (ListModels(**asked()), ModelsListed),
        (FindSnippets(**asked(), text=ORDER, most=2), SnippetsFound),
    ]
    await room.requests.answer([request for request, _ in kinds])
    for request, kind in kinds:
        (reply,) = [each for each in room.replies if each.request_id == request.request_id]
        assert type(reply) is kind
        assert (reply.reply_partition, reply.reply_fence) == (3, 7)
        assert (reply.causation_id, reply.correlation_id) == (request.event_id,) * 2
        assert reply.occurred_at > request.occurred_at
        assert (reply.sequence, reply.last) == (0, True)
    assert {partition for _, partition in room.publisher.logs} == {3}
    # The four texts went through the models together.
    assert room.embedder.calls.count(4) == 1


async def test_what_is_understood_is_told(room: Room) -> None:
    """Text, intent, alternatives, moods and citations, as a message's would be."""
    process = ProcessMessage(**asked(), text=f"{ORDER} #48213 ada@example.org")
    await room.requests.answer([process, ReadIntent(**asked(), text=UNCLEAR)])
    processed, intent = await room.replied(MessageProcessed), await room.replied(IntentRead)
    assert processed.text == "Order 48213 is on its way."
    assert processed.intent == "order_status"
    assert {each.type: each.value for each in processed.entities} == {
        "order_number": "48213",
        "email": "a***@example.org",
    }
    assert processed.timings_ms.keys() >= {"embedding", "intent", "response"}
    assert [each.intent for each in intent.alternatives] == ["send_back"]


async def test_the_nearest_snippets_are_told_however_far_they_are(room: Room) -> None:
    """With how sure each is; what the assistant would not say is there too, and less likely."""
    near, far = (FindSnippets(**asked(), text=text, most=5) for text in (SNIPPET, ORDER))
    await room.requests.answer([near, far])
    found = {each.request_id: each for each in room.replies if isinstance(each, SnippetsFound)}
    (plants,), (anything,) = found[near.request_id].snippets, found[far.request_id].snippets
    assert (plants.id, plants.title, plants.text) == (
        "plants",
        "Plants",
        "Plants travel on Mondays.",
    )
    assert plants.score == 1.0
    assert 0.9 < plants.probability < 1
    assert anything.id == "plants"
    assert anything.probability < 0.1
    assert found[near.request_id].language == "en"
    assert found[near.request_id].model_version == "axis+test"


async def test_a_question_over_rest_leaves_nothing_behind(room: Room) -> None:
    """An offer made over REST is not open for anybody, and no conversation is remembered."""
    request = GenerateResponse(**asked(), text=UNCLEAR)
    await room.requests.answer([request])
    (reply,) = room.replies
    assert isinstance(reply, ResponseGenerated)
    assert (reply.source, reply.options) == (ReplySource.CLARIFY, ("order_status", "send_back"))
    question = Question(request.request_id, uuid4(), "the first", AT)
    (analysis,) = room.analyzer.analyze([question])
    assert analysis.answer.intent is None


async def test_late_work_is_not_begun(room: Room) -> None:
    """Whose deadline has passed gets nothing, and is counted under its topic."""
    late = ReadIntent(**asked(answer_by=AT - timedelta(seconds=1)), text=ORDER)
    labels = {"group": "chat-nlp", "topic": Topic.AI_REQUESTS.value}
    name = "chat_late_dropped_total"
    before = REGISTRY.get_sample_value(name, labels) or 0.0
    in_time = ReadIntent(**asked(), text=ORDER)
    await RequestHandler(room.requests, lambda: AT).handle([delivered(late), delivered(in_time)])
    assert [reply.request_id for reply in room.replies] == [in_time.request_id]
    assert (REGISTRY.get_sample_value(name, labels) or 0.0) == before + 1


async def test_asking_again_gives_the_same_answer(room: Room) -> None:
    """In one batch or a later one, also for another gateway: same words, same id, no more work."""
    first = ReadIntent(**asked(), text=ORDER)
    elsewhere = first.model_copy(update={"reply_partition": 5, "reply_fence": 9})
    await room.requests.answer([first, first])
    await room.requests.answer([elsewhere])
    assert len(room.replies) == 3
    assert room.embedder.calls == [1]
    one, two, three = room.replies
    assert one == two
    assert (three.reply_partition, three.reply_fence) == (5, 9)
    same = {"reply_partition": 3, "reply_fence": 7}
    assert three.model_copy(update=same) == one


async def test_pieces_are_numbered_and_end_with_the_answer(room: Room) -> None:
    """Joined they are the answer; asking again repeats every one of them under its id."""
    request = GenerateResponse(**asked(), text=SNIPPET, stream=True)
    await room.requests.answer([request])
    *pieces, whole = room.replies
    assert pieces
    assert all(isinstance(each, ResponsePiece) and not each.last for each in pieces)
    assert isinstance(whole, ResponseGenerated)
    assert whole.last
    assert [each.sequence for each in room.replies] == list(range(len(pieces) + 1))
    assert "".join(getattr(each, "text", "") for each in pieces) == whole.text
    first = list(room.replies)
    await room.requests.answer([request])
    assert room.replies == first * 2


@pytest.mark.parametrize("stream", [False, True])
async def test_an_outage_means_once_more(room: Room, *, stream: bool) -> None:
    """The loop is told to back off; afterwards the same request gets its one answer."""
    request = GenerateResponse(**asked(), text=SNIPPET, stream=stream)
    room.publisher.status = PublishStatus.UNKNOWN
    with pytest.raises(RetryableError, match="ai-replies"):
        await room.requests.answer([request])
    room.publisher.status = PublishStatus.ACCEPTED
    await room.requests.answer([request])
    assert [each.last for each in room.replies].count(True) == 1


async def test_long_work_lets_messages_in_between(room: Room) -> None:
    """A long conversation is embedded in chunks, never in one go."""
    turns = tuple(Turn(speaker="Ada", text=f"This is sentence {at}.") for at in range(50))
    await room.requests.answer([Summarize(**asked(), turns=turns, sentences=3)])
    assert max(room.embedder.calls) <= 8
    (reply,) = room.replies
    assert isinstance(reply, Summarized)
    assert len(reply.key_messages) == 3


async def test_messages_and_requests_are_answered_beside_each_other(
    room: Room, executor: ThreadPoolExecutor
) -> None:
    """One batch, both kinds; when one cannot be answered the other is not left half done."""
    handovers = Handovers(room.publisher, room.clock)
    assistant = Assistant(room.analyzer, room.publisher, room.clock, executor, handovers)
    handler = Handler(
        MessageHandler(assistant), RequestHandler(room.requests, lambda: AT), nothing_to_prepare
    )
    batch = [delivered(message(ORDER)), delivered(ReadIntent(**asked(), text=ORDER))]
    await handler.handle(batch)
    assert len(room.replies) == 1
    assert any(isinstance(event, ReplyGenerated) for event in room.publisher.events)
    room.publisher.status = PublishStatus.UNKNOWN
    with pytest.raises(RetryableError):
        await handler.handle(batch)


async def test_what_was_asked_is_not_logged(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    """Not even when there is trouble."""
    room.publisher.status = PublishStatus.BUSY
    with pytest.raises(RetryableError) as error:
        await room.requests.answer([ReadIntent(**asked(), text="my secret wish")])
    written = capsys.readouterr()
    assert "secret wish" not in written.out + written.err + str(error.value)


def test_answers_are_remembered_for_minutes_and_not_without_end() -> None:
    """The oldest go first, and none stays longer than its time."""
    now = 0.0
    answered = Answered(lambda: now)
    keys = [uuid4() for _ in range(REMEMBERED + 1)]
    reply = ModelsListed(
        event_id=uuid4(),
        occurred_at=AT,
        correlation_id=uuid4(),
        request_id=keys[0],
        reply_partition=0,
        reply_fence=1,
        models=(),
    )
    for key in keys:
        answered.keep(key, [reply])
    assert answered.find(keys[0]) == ()
    assert answered.find(keys[-1]) == (reply,)
    now = LIFETIME.total_seconds() + 1
    assert answered.find(keys[-1]) == ()
