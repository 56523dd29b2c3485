"""Thumbs: on which messages, by whom, who hears of them, and what a deletion leaves of them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from edge_ws.ports import KnownMessage
from schemas import ids
from schemas.events.chat import FeedbackGiven, Rating, Sender, SenderKind
from schemas.events.replies import ReplyGenerated, ReplySource
from schemas.frames.server import SERVER_FRAME
from tests.unit.edge_ws.stage import Client, Frame, Stage

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


async def rate(client: Client, conversation: UUID, message: UUID, **fields: Any) -> Frame:  # noqa: ANN401 - a frame's
    """Rate an answer and return the `ack`."""
    about = {"conversation_id": str(conversation), "message_id": str(message), "ref": "c"}
    await client.say(**{"type": "feedback", "rating": "down", **about, **fields})
    return await client.hear_type("ack")


async def answered(stage: Stage, client: Client) -> tuple[UUID, UUID, UUID]:
    """Ask something and be answered; return conversation, question and answer."""
    conversation = await client.start()
    await client.send(conversation, "where is my order?")
    question = UUID((await client.hear_type("message"))["message_id"])
    event_id = uuid4()
    await stage.publisher.publish(
        ReplyGenerated(
            event_id=event_id,
            occurred_at=datetime.now(UTC),
            correlation_id=event_id,
            conversation_id=conversation,
            message_id=uuid4(),
            sender=Sender(id=ids.ASSISTANT_ID, kind=SenderKind.ASSISTANT, name="Parley"),
            text="On its way.",
            in_reply_to=question,
            source=ReplySource.TEMPLATE,
            intent="order_status",
            confidence=0.9,
            model_version="v1",
        )
    )
    return conversation, question, UUID((await client.hear_type("reply"))["message_id"])


def given(stage: Stage) -> list[FeedbackGiven]:
    """Return what was published."""
    return [event for event in stage.publisher.events if isinstance(event, FeedbackGiven)]


async def test_everyone_in_the_conversation_hears_of_a_rating(stage: Stage) -> None:
    """It is published once, with the question it is about, and pushed as the event's body."""
    user_id = uuid4()
    tab, phone = await Client.open(stage, user_id), await Client.open(stage, user_id)
    conversation, question, answer = await answered(stage, tab)
    await phone.say(type="conversation:join", ref="j", conversation_id=str(conversation))
    await phone.hear_type("caught_up")
    ack = await rate(tab, conversation, answer, reason="  It is another order.  ")
    assert (ack["status"], ack["message_id"]) == ("accepted", str(answer))
    [event] = given(stage)
    assert (event.message_id, event.in_reply_to) == (answer, question)
    assert (event.sender.id, event.rating) == (user_id, Rating.DOWN)
    assert event.reason == "It is another order."
    for client in (tab, phone):
        frame = SERVER_FRAME.validate_python(await client.hear_type("feedback"))
        assert frame.model_dump(exclude={"type", "at", "replayed"}) == event.model_dump()


async def test_an_old_answer_is_known_by_the_gateway(stage: Stage) -> None:
    """What the ring no longer holds is looked up, with its question."""
    client = await Client.open(stage)
    conversation, old, question = await client.start(), uuid4(), uuid4()
    stage.directory.messages[conversation, old] = KnownMessage(
        ids.ASSISTANT_ID, NOON, answers=question
    )
    assert (await rate(client, conversation, old, rating="up"))["status"] == "accepted"
    [event] = given(stage)
    assert (event.in_reply_to, event.reason) == (question, None)


async def test_only_answers_are_rated(stage: Stage) -> None:
    """What people say is not the assistant's to learn from; nothing reaches the log."""
    client = await Client.open(stage)
    conversation, question, _ = await answered(stage, client)
    theirs = uuid4()
    stage.directory.messages[conversation, theirs] = KnownMessage(uuid4(), NOON)
    for message in (question, theirs):
        ack = await rate(client, conversation, message)
        assert (ack["status"], ack["code"]) == ("rejected", "not_allowed")
    assert given(stage) == []


async def test_what_is_not_there_cannot_be_rated(stage: Stage) -> None:
    """An unknown answer and one of another conversation are refused alike."""
    client = await Client.open(stage)
    conversation, _, _ = await answered(stage, client)
    _, _, elsewhere = await answered(stage, client)
    for message in (uuid4(), elsewhere):
        ack = await rate(client, conversation, message)
        assert (ack["status"], ack["code"]) == ("rejected", "not_found")
    assert given(stage) == []


async def test_a_strangers_thumb_is_refused(stage: Stage) -> None:
    """Who is not in the conversation rates nothing in it."""
    client, stranger = await Client.open(stage), await Client.open(stage)
    conversation, _, answer = await answered(stage, client)
    assert (await rate(stranger, conversation, answer))["code"] == "not_joined"
    assert given(stage) == []


async def test_an_unreachable_gateway_rates_nothing(stage: Stage) -> None:
    """Whether it is an answer cannot be found out now: the client repeats it."""
    client = await Client.open(stage)
    conversation = await client.start()
    stage.directory.away = True
    assert (await rate(client, conversation, uuid4()))["status"] == "busy"
    assert given(stage) == []


@pytest.mark.parametrize("named", [True, False])
async def test_a_repeat_is_the_same_rating(stage: Stage, named: bool) -> None:  # noqa: FBT001 - a case
    """Under one name, or under one `ref` of one connection, it is one event."""
    client = await Client.open(stage)
    conversation, _, answer = await answered(stage, client)
    name = {"client_event_id": str(uuid4())} if named else {}
    for _ in range(2):
        assert (await rate(client, conversation, answer, **name))["status"] == "accepted"
    assert len({event.event_id for event in given(stage)}) == 1


async def test_a_deleted_question_takes_the_reason_with_it(stage: Stage) -> None:
    """Who comes later is told of the thumb, and not of words about what is gone."""
    client = await Client.open(stage)
    conversation, question, answer = await answered(stage, client)
    await rate(client, conversation, answer, reason="not my order at all")
    about = {"conversation_id": str(conversation), "message_id": str(question)}
    await client.say(type="message:delete", ref="d", **about)
    await client.hear_type("message:deleted")
    again = await Client.open(stage, client.user_id)
    await again.say(type="conversation:join", ref="j", conversation_id=str(conversation))
    frame = await again.hear_type("feedback")
    assert (frame["rating"], frame["reason"]) == ("down", None)
