"""Answers that are being written: fanned out, sent again to who comes late, stopped, asked anew."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from edge_ws import drafts as module
from edge_ws.drafts import Drafts
from edge_ws.ports import KnownMessage
from schemas import ids
from schemas.events.chat import (
    MessageEvent,
    ReplyRegenerateAsked,
    ReplyStopAsked,
    Sender,
    SenderKind,
)
from schemas.events.replies import ReplyDelta, ReplyGenerated, ReplySource
from tests.unit.edge_ws.stage import Client, Frame, Stage, until
from tests.unit.edge_ws.test_changing import said

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
KEY = b"00000000-0000-0000-0000-000000000001"


def piece(
    conversation: UUID, question: UUID, offset: int, text: str, attempt: int = 5
) -> ReplyDelta:
    """Return a piece of an answer."""
    return ReplyDelta(
        event_id=ids.delta_event_id(question, attempt, offset),
        occurred_at=NOON,
        correlation_id=question,
        conversation_id=conversation,
        in_reply_to=question,
        attempt=attempt,
        offset=offset,
        text=text,
    )


def answer(conversation: UUID, question: UUID, attempt: int | None = 5) -> ReplyGenerated:
    """Return the answer that ends the pieces."""
    return ReplyGenerated(
        event_id=uuid4(),
        occurred_at=NOON,
        correlation_id=question,
        conversation_id=conversation,
        message_id=uuid4(),
        sender=Sender(id=ids.ASSISTANT_ID, kind=SenderKind.ASSISTANT, name="Assistant"),
        text="One two.",
        in_reply_to=question,
        source=ReplySource.MODEL,
        confidence=0.5,
        model_version="v",
        attempt=attempt,
    )


async def join(client: Client, conversation: UUID) -> list[Frame]:
    """Join and return everything up to `caught_up`."""
    await client.say(type="conversation:join", ref="j", conversation_id=str(conversation))
    frames: list[Frame] = []
    while not frames or frames[-1]["type"] != "caught_up":
        frames.append(await client.hear())
    return frames


async def test_pieces_reach_who_is_there_and_the_text_so_far_who_comes(stage: Stage) -> None:
    """In the middle one gets one piece with everything; then both get the same pieces."""
    client = await Client.open(stage)
    conversation, question = await said(client)
    for offset, text in [(0, "One "), (4, "two ")]:
        await stage.publisher.publish(piece(conversation, question, offset, text))
    heard = [await client.hear_type("reply:delta") for _ in range(2)]
    assert [(each["offset"], each["text"]) for each in heard] == [(0, "One "), (4, "two ")]
    assert heard[0]["in_reply_to"] == str(question)
    late = await Client.open(stage, client.user_id)
    *_, draft, _ = await join(late, conversation)
    assert (draft["type"], draft["offset"], draft["text"]) == ("reply:delta", 0, "One two ")
    await stage.publisher.publish(piece(conversation, question, 8, "three"))
    for each in (client, late):
        assert (await each.hear_type("reply:delta"))["offset"] == 8


async def test_the_answer_ends_the_pieces(stage: Stage) -> None:
    """Late pieces are not passed on, and who comes then gets the answer only."""
    client = await Client.open(stage)
    conversation, question = await said(client)
    await stage.publisher.publish(piece(conversation, question, 0, "One "))
    await client.hear_type("reply:delta")
    await stage.publisher.publish(answer(conversation, question))
    await client.hear_type("reply")
    await stage.publisher.publish(piece(conversation, question, 4, "late"))
    await stage.publisher.publish(piece(conversation, question, 0, "anew", attempt=9))
    assert (await client.hear_type("reply:delta"))["text"] == "anew"
    frames = await join(await Client.open(stage, client.user_id), conversation)
    assert [each["text"] for each in frames if each["type"] == "reply:delta"] == ["anew"]


async def test_wishes_about_answers_reach_the_log_and_nobody_else(stage: Stage) -> None:
    """A stop names the question; another answer is asked for with the question's words of now."""
    client = await Client.open(stage)
    conversation, question = await said(client)
    for kind in ("reply:stop", "reply:regenerate"):
        about = {"conversation_id": str(conversation), "message_id": str(question)}
        edit = {"type": "message:edit", "ref": "e", "text": "other words", **about}
        await client.say(**edit)
        await client.hear_type("message:edited")
        await client.say(type=kind, ref=kind, **about)
        assert (await client.hear_type("ack"))["status"] == "accepted"
    wishes = [
        event
        for event in stage.publisher.events
        if isinstance(event, ReplyStopAsked | ReplyRegenerateAsked)
    ]
    assert [type(wish) for wish in wishes] == [ReplyStopAsked, ReplyRegenerateAsked]
    assert {wish.message_id for wish in wishes} == {question}
    assert isinstance(wishes[1], ReplyRegenerateAsked)
    assert wishes[1].text == "other words"
    assert await client.lives()


@pytest.mark.parametrize("kind", ["reply:stop", "reply:regenerate"])
async def test_only_a_question_of_the_conversation_can_be_named(stage: Stage, kind: str) -> None:
    """An answer, or what is not there, is rejected; nothing is published."""
    client = await Client.open(stage)
    conversation, _ = await said(client)
    of_the_assistant = uuid4()
    known = KnownMessage(ids.ASSISTANT_ID, NOON, text="an answer")
    stage.directory.messages[conversation, of_the_assistant] = known
    for named in (of_the_assistant, uuid4()):
        await client.say(
            type=kind, ref="r", conversation_id=str(conversation), message_id=str(named)
        )
        ack = await client.hear_type("ack")
        assert (ack["status"], ack["code"]) == ("rejected", "not_found")
    assert not [event for event in stage.publisher.events if isinstance(event, MessageEvent)]


async def test_a_piece_that_is_none_is_passed_over(stage: Stage) -> None:
    """Whatever stands on the topic, the edge goes on."""
    client = await Client.open(stage)
    conversation, question = await said(client)
    tail = stage.edge.tail
    broken = [b"{", b"{}", b'{"in_reply_to":1,"text":"x","attempt":"y","offset":0}', None]
    log = module.DRAFT_LOGS[0]
    for value in broken:
        tail.take_pieces(log, [_Record(KEY, value)])
    await stage.publisher.publish(piece(conversation, question, 0, "well"))
    assert (await client.hear_type("reply:delta"))["text"] == "well"
    await until(lambda: tail.following)


class _Record:
    """A record of the wrong kind."""

    offset, timestamp, headers = 0, 0, ()

    def __init__(self, key: bytes, value: bytes | None) -> None:
        self.key, self.value = key, value


def delta(offset: int, text: str, attempt: int = 5, question: str = "q") -> dict[str, object]:
    """Return a piece as it stands on the log."""
    return {"in_reply_to": question, "attempt": attempt, "offset": offset, "text": text}


def test_a_text_with_a_hole_is_not_sent_again() -> None:
    """Who began to read in the middle passes pieces on, and keeps nothing of its own."""
    drafts = Drafts()
    assert drafts.take(KEY, delta(4, "two"))
    assert drafts.of(KEY) == []
    drafts.take(KEY, delta(0, "One ", attempt=6))
    drafts.take(KEY, delta(9, "three", attempt=6))
    assert drafts.of(KEY) == []


def test_a_repeat_changes_nothing_and_a_lower_attempt_is_dropped() -> None:
    """Retries of the writer's side, and a writer that has not noticed that it was replaced."""
    drafts = Drafts()
    for offset, text in [(0, "One "), (4, "two "), (0, "One "), (4, "two ")]:
        drafts.take(KEY, delta(offset, text))
    assert drafts.take(KEY, delta(0, "Old", attempt=4)) is None
    [payload] = drafts.of(KEY)
    assert b'"text":"One two "' in payload


def test_drafts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest go, and what nobody writes any more."""
    monkeypatch.setattr(module, "MAX_DRAFTS", 3)
    drafts = Drafts()
    for number in range(5):
        drafts.take(KEY, delta(0, "text", question=f"q{number}"))
    assert len(drafts.of(KEY)) == 3
    monkeypatch.setattr(module, "SILENT_SECONDS", -1.0)
    drafts.trim()
    assert drafts.of(KEY) == []
