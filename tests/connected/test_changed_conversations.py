"""State and events make what a fresh fetch says of a conversation as a whole (P25)."""

import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from gateway.chat.endpoints import conversation_body
from gateway.chat.ports import DELETED
from parley_client import Thread
from schemas import ids
from schemas.events.chat import (
    ConversationHandedOver,
    ConversationStarted,
    FeedbackGiven,
    MessageEdited,
    MessageSent,
)
from schemas.events.conversations import (
    ConversationDeleted,
    ConversationEnded,
    ConversationRenamed,
)
from schemas.events.insights import MessageAnalyzed
from schemas.events.replies import ReplyGenerated
from schemas.frames.server import FRAME_OF_EVENT
from schemas.generate.examples import EXAMPLES
from schemas.topics import CATALOGUE, Topic
from tests.connected.looks import frames_of
from tests.connected.test_changed_messages import History, keeping, talk
from tests.connected.test_ended_conversations import TABLES
from tests.stack import Stack

if TYPE_CHECKING:
    from schemas.events.envelope import Event

pytestmark = [
    pytest.mark.connected,
    pytest.mark.timeout(180),
    pytest.mark.promise("P25", "titles, ends and deletions against a fresh fetch"),
]

SECRET = "xylophone"
KINDS: "tuple[type[Event], ...]" = (
    ConversationStarted,
    MessageSent,
    ReplyGenerated,
    MessageAnalyzed,
    MessageEdited,
    FeedbackGiven,
    ConversationHandedOver,
    ConversationRenamed,
    ConversationRenamed,
    ConversationEnded,
)


@pytest.fixture
async def history(infra_stack: Stack) -> AsyncIterator[History]:
    """The real history."""
    async with keeping(infra_stack) as ready:
        yield ready


def life() -> "tuple[UUID, list[Event]]":
    """Return everything that happens in a conversation until it has ended, in its order.

    Whatever can hold words holds the secret, and there is more than one title.
    """
    owner, conversation = uuid4(), uuid4()
    started_id = ids.event_id(ConversationStarted.event_type, conversation)
    asked, answered = uuid4(), uuid4()
    samples = [next(each for each in EXAMPLES if type(each) is kind) for kind in KINDS]
    question, begin = samples[1], samples[0].occurred_at
    assert isinstance(question, MessageSent)
    own = {"message_id": asked, "sender": question.sender}
    about: list[dict[str, Any]] = [
        {"event_id": started_id, "owner_id": owner},
        own,
        {"message_id": answered, "in_reply_to": asked},
        {"message_id": asked},
        own,
        {"message_id": answered, "in_reply_to": asked},
    ]
    made = []
    for second, sample in enumerate(samples):
        at = begin + timedelta(seconds=second)
        common = {"event_id": uuid4(), "occurred_at": at, "conversation_id": conversation}
        own_fields = about[second] if second < len(about) else {}
        changes = common | _words(sample, second) | own_fields
        made.append(sample.model_copy(update=changes))
    return conversation, made


def _words(sample: "Event", second: int) -> dict[str, Any]:
    said = f"{SECRET} {second}"
    for name in ("title", "text", "reason", "note"):
        if getattr(sample, name, None) is not None:
            return {name: said}
    if isinstance(sample, MessageAnalyzed):
        [entity] = sample.entities
        return {"entities": (entity.model_copy(update={"value": said}),)}
    return {}


def over(conversation: UUID, events: "list[Event]") -> ConversationDeleted:
    """Return the deletion of a conversation, later than everything else."""
    sample = next(each for each in EXAMPLES if isinstance(each, ConversationDeleted))
    at = events[-1].occurred_at + timedelta(seconds=1)
    changes = {"event_id": uuid4(), "occurred_at": at, "conversation_id": conversation}
    return sample.model_copy(update=changes)


async def fetched(history: History, conversation: UUID) -> dict[str, Any] | None:
    """Return what the gateway answers; None when there is nothing to fetch."""
    found = await history._reader.find(conversation)
    if found is None or found.status == DELETED:
        return None
    return await history.fetch(conversation) | conversation_body(found)


def thread_of(page: dict[str, Any] | None) -> Thread:
    """Return the state that a client makes of it."""
    if page is None:
        return Thread()
    return Thread.of(
        page["items"],
        page["read"],
        page["handover"],
        title=page["title"],
        ended_at=page["ended_at"],
    )


def state_of(thread: Thread) -> tuple[object, ...]:
    """Return everything that people see of a conversation."""
    return thread.title, thread.status, thread.shown, thread.read, thread.handler


async def traces(stack: Stack, conversation: UUID) -> int:
    """Return how many rows of a conversation still hold the secret."""
    connection = await asyncpg.connect(stack.database_url())
    try:
        found = 0
        for table in TABLES:
            column = "id" if table == "conversations" else "conversation_id"
            query = f"select count(*) from {table} where {column} = $1 and {table}::text like $2"  # noqa: S608 - our names
            found += await connection.fetchval(query, conversation, f"%{SECRET}%")
        return found
    finally:
        await connection.close()


async def test_every_event_of_a_conversation_is_compared() -> None:
    """Here, or where messages are; a new one is compared with a fresh fetch as well."""
    said = {event.event_type for event in (await talk()).events}
    compared = said | {event.event_type for event in life()[1]} | {ConversationDeleted.event_type}
    pushed = {event.event_type for event in CATALOGUE[Topic.CHAT_MESSAGES].events}
    assert pushed & set(FRAME_OF_EVENT) <= compared


async def test_old_state_and_events_are_a_fresh_fetch(history: History) -> None:
    """From every older snapshot, with everything or only what came later, repeats and all."""
    conversation, events = life()
    snapshots = []
    for event in events:
        snapshots.append(await fetched(history, conversation))
        await history.apply(event)
    fresh = thread_of(await fetched(history, conversation))
    assert (fresh.title, fresh.status) == (f"{SECRET} 8", "ended")
    for place in range(len(events)):
        for later in (events[place:], events[max(0, place - 3) :], events, events + events):
            thread = thread_of(snapshots[place])
            for frame in frames_of(later):
                thread.apply(frame)
            assert state_of(thread) == state_of(fresh)


@pytest.mark.parametrize("seed", range(6))
async def test_order_and_repeats_change_nothing(history: History, seed: int) -> None:
    """A rename and an end may come before the start; one batch or many: one state."""
    conversation, events = life()
    chance = random.Random(seed)
    shuffled = [*events, *chance.sample(events, 4)]
    chance.shuffle(shuffled)
    cut = chance.randrange(len(shuffled))
    await history.apply(*shuffled[:cut])
    await history.apply(*shuffled[cut:])
    stored, live = thread_of(await fetched(history, conversation)), Thread()
    for frame in frames_of(events):
        live.apply(frame)
    assert state_of(stored) == state_of(live)
    assert (stored.title, stored.status) == (f"{SECRET} 8", "ended")


@pytest.mark.parametrize("seed", range(6))
async def test_no_word_of_a_deleted_conversation_is_left(
    history: History, infra_stack: Stack, seed: int
) -> None:
    """Of what was stored before the deletion, with it, and after it, in whatever order."""
    conversation, events = life()
    chance = random.Random(seed)
    shuffled = [*events, over(conversation, events)]
    chance.shuffle(shuffled)
    cut = chance.randrange(len(shuffled))
    await history.apply(*shuffled[:cut])
    await history.apply(*shuffled[cut:])
    assert await fetched(history, conversation) is None
    assert await traces(infra_stack, conversation) == 0
    again = [each.model_copy(update={"event_id": uuid4()}) for each in events]
    await history.apply(*chance.sample(again, 3))
    await history.apply(*events)
    assert await traces(infra_stack, conversation) == 0
    live = Thread()
    for frame in frames_of(shuffled):
        live.apply(frame)
    assert (live.title, live.status, live.shown) == (None, "deleted", [])
    # The rows are there all the same: the log has their events.
    connection = await asyncpg.connect(infra_stack.database_url())
    try:
        query = "select count(*) from messages where conversation_id = $1"
        assert await connection.fetchval(query, conversation) == 2
    finally:
        await connection.close()
    assert await history._reader.newest_of(_owner(events), None, 10) == []


def _owner(events: "list[Event]") -> UUID:
    [owner] = [each.owner_id for each in events if isinstance(each, ConversationStarted)]
    return owner
