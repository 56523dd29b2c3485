"""Batches in, events out, and what happens when the broker does not answer."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from consumers.delivery.ports import Delivered, Record
from consumers.nlp.handlers import MessageHandler
from consumers.nlp.service import assistant as module
from consumers.nlp.service.analysis import Heard
from consumers.nlp.service.assistant import Assistant
from consumers.nlp.service.handovers import Handovers
from producers.memory import InMemoryEventPublisher
from producers.ports import PublishStatus
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from schemas.events.chat import (
    ConversationStarted,
    MessageEvent,
    MessageSent,
    ReplyRegenerateAsked,
    SenderKind,
)
from schemas.events.envelope import Event
from schemas.events.insights import MessageAnalyzed
from schemas.events.replies import FailureReason, ReplyFailed, ReplyGenerated
from schemas.generate.examples import EXAMPLES
from tests.unit.consumers.nlp.samples import (
    AT,
    ORDER,
    RETURN,
    AxisEmbedder,
    heard,
    message,
    small_analyzer,
)
from tests.unit.consumers.nlp.stage import again


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    """Return the one thread that inference runs on."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield pool


@pytest.fixture
def publisher() -> InMemoryEventPublisher:
    """Return a log in memory."""
    return InMemoryEventPublisher()


@pytest.fixture
def assistant(executor: ThreadPoolExecutor, publisher: InMemoryEventPublisher) -> Assistant:
    """Return an assistant whose wall clock stands still at noon."""
    clock = HybridLogicalClock(now=lambda: AT)
    handovers = Handovers(publisher, clock)
    return Assistant(small_analyzer(AxisEmbedder()), publisher, clock, executor, handovers)


def replies(publisher: InMemoryEventPublisher) -> list[ReplyGenerated]:
    """Return the published replies."""
    return [event for event in publisher.events if isinstance(event, ReplyGenerated)]


def delivered(event: Event) -> Delivered:
    """Return an event as the consume loop hands it over."""
    return Delivered(event, Record("chat-messages", 0, 0, event.key, b"", (), 0))


async def test_every_message_gets_one_reply_and_one_insight(
    assistant: Assistant, publisher: InMemoryEventPublisher
) -> None:
    """More messages than a chunk holds are all answered."""
    asked = [message(ORDER, number=at) for at in range(module.CHUNK * 2 + 1)]
    analyses = await assistant.answer(heard(*asked))
    insights = [event for event in publisher.events if isinstance(event, MessageAnalyzed)]
    assert len(analyses) == len(asked)
    assert {reply.in_reply_to for reply in replies(publisher)} == {m.message_id for m in asked}
    assert {insight.message_id for insight in insights} == {m.message_id for m in asked}
    assert len(publisher.events) == 2 * len(asked)


@pytest.mark.parametrize("kind", [SenderKind.AGENT, SenderKind.ASSISTANT])
async def test_only_people_who_ask_are_answered(
    assistant: Assistant, publisher: InMemoryEventPublisher, kind: SenderKind
) -> None:
    """The assistant neither answers colleagues nor itself, nor anew because they want it."""
    said = message(ORDER, kind=kind)
    assert await assistant.answer([*heard(said), Heard(again(said), 1)]) == []
    assert publisher.events == []


async def test_an_answer_sorts_after_its_question(
    assistant: Assistant, publisher: InMemoryEventPublisher
) -> None:
    """Even when the question's clock runs ahead of this machine's."""
    ahead = AT + timedelta(seconds=20)
    await assistant.answer(heard(message(ORDER, at=ahead)))
    assert all(event.occurred_at > ahead for event in publisher.events)


async def test_doing_it_again_repeats_the_ids(
    assistant: Assistant, publisher: InMemoryEventPublisher
) -> None:
    """A redone batch adds repeats, no new events, also when it hands the conversation over."""
    asked = heard(message(ORDER), message(RETURN, number=1))
    await assistant.answer(asked)
    await assistant.answer(asked)
    assert len(publisher.events) == 12
    assert len({event.event_id for event in publisher.events}) == 6


@pytest.mark.parametrize(
    "status", [PublishStatus.UNKNOWN, PublishStatus.BUSY, PublishStatus.FAILED]
)
async def test_anything_but_accepted_means_once_more(
    assistant: Assistant, publisher: InMemoryEventPublisher, status: PublishStatus
) -> None:
    """The loop is told to back off; afterwards the same batch goes through."""
    publisher.status = status
    with pytest.raises(RetryableError, match=status):
        await assistant.answer(heard(message(ORDER)))
    publisher.status = PublishStatus.ACCEPTED
    await assistant.answer(heard(message(ORDER)))
    assert len(replies(publisher)) == 1


async def test_handler_answers_messages_and_passes_by_the_rest(
    assistant: Assistant, publisher: InMemoryEventPublisher
) -> None:
    """A started conversation is no question, nor is an edit, a reaction or a stop."""
    asked = message(ORDER)
    started = ConversationStarted(
        event_id=asked.message_id,
        occurred_at=AT,
        correlation_id=asked.message_id,
        conversation_id=asked.conversation_id,
        owner_id=asked.sender.id,
        client_conversation_id=asked.message_id,
    )
    handler = MessageHandler(assistant)
    changes = [
        event
        for event in EXAMPLES
        if isinstance(event, MessageEvent) and not isinstance(event, ReplyRegenerateAsked)
    ]
    assert changes
    await handler.handle([delivered(started), *map(delivered, changes)])
    assert publisher.events == []
    await handler.handle([delivered(started), delivered(asked)])
    assert len(replies(publisher)) == 1


async def test_handler_lets_an_outage_through(
    assistant: Assistant, publisher: InMemoryEventPublisher
) -> None:
    """The consume loop sees the outage and pauses."""
    publisher.status = PublishStatus.UNKNOWN
    questions: list[MessageSent] = [message(ORDER)]
    with pytest.raises(RetryableError):
        await MessageHandler(assistant).handle([delivered(each) for each in questions])


async def test_a_question_that_came_too_late_is_declined(
    assistant: Assistant, publisher: InMemoryEventPublisher
) -> None:
    """No work for who no longer waits: the log says so instead, once, and others are answered."""
    late, due = message("Where is my order?"), message("I want to return it")
    late = late.model_copy(update={"answer_by": AT + timedelta(seconds=1)})
    due = due.model_copy(update={"answer_by": AT + timedelta(seconds=9)})
    handler = MessageHandler(assistant, now=lambda: AT + timedelta(seconds=5))
    await handler.handle([delivered(late), delivered(due)])
    assert [each.in_reply_to for each in replies(publisher)] == [due.message_id]
    failed = [each for each in publisher.events if isinstance(each, ReplyFailed)]
    assert [(each.in_reply_to, each.reason) for each in failed] == [
        (late.message_id, FailureReason.LATE)
    ]
    assert not [
        each
        for each in publisher.events
        if isinstance(each, MessageAnalyzed) and each.message_id == late.message_id
    ]
