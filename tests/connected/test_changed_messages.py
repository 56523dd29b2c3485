"""State and events make what a fresh fetch says (P25); what is deleted never comes back."""

import itertools
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from uuid import UUID, uuid4

import orjson
import pytest
from websockets.asyncio.client import ClientConnection

from consumers.delivery.database import Database
from consumers.delivery.ports import Delivered, Record
from consumers.persistence.app import projection
from gateway.chat.endpoints import history_body
from gateway.chat.repository import PostgresConversations
from gateway.database import Database as GatewayDatabase
from gateway.database import create_engine
from parley_client import Thread
from producers.records import to_record
from schemas.events.chat import FeedbackGiven, MessageEvent, MessageSent, Rating
from schemas.events.insights import MessageAnalyzed
from schemas.events.replies import ReplyGenerated
from schemas.generate.examples import EXAMPLES
from schemas.tables import METADATA, OWNED_TABLES
from tests.connected.changed_bed import joined
from tests.connected.looks import READER, frames_of, state_of, thread_of
from tests.frames import frame_types, good_frame
from tests.stack import Stack
from tests.unit.edge_ws.stage import Client, create_stage, running

if TYPE_CHECKING:
    from schemas.events.envelope import Event

pytestmark = [
    pytest.mark.connected,
    pytest.mark.timeout(180),
    pytest.mark.promise("P25", "state and events against a fresh fetch, every command"),
]

Kind = TypeVar("Kind")
SECRET = "the words that must go away"


class History:
    """Persistence's projection and the gateway's reading of it, on the real database."""

    def __init__(self, writer: Database, reader: PostgresConversations) -> None:
        self._writer = writer
        self._reader = reader
        self._offsets = itertools.count()
        self._used: set[str] = set()

    async def apply(self, *events: "Event") -> None:
        """Take a batch of events in."""
        self._used.update(event.key.decode() for event in events)
        batch = [Delivered(event, self._record(event)) for event in events]
        async with self._writer.transaction() as connection:
            await projection().apply(connection, batch)

    async def fetch(self, conversation_id: UUID) -> dict[str, Any]:
        """Return what the gateway answers, as a client reads it."""
        said = await self._reader.newest_in(conversation_id, READER, None, 100)
        marks = await self._reader.read_marks(conversation_id)
        arrived = await self._reader.delivery_marks(conversation_id)
        last = await self._reader.handover(conversation_id)
        agents = await self._reader.agents(conversation_id)
        body = history_body(
            said[::-1], marks, None, handover=last, delivered=arrived, agents=agents
        )
        page: dict[str, Any] = orjson.loads(orjson.dumps(body))
        return page

    async def thread(self, conversation_id: UUID) -> Thread:
        """Return the state that a fresh fetch gives."""
        return thread_of(await self.fetch(conversation_id))

    async def traces(self, words: str) -> int:
        """Return how many rows anywhere still hold these words."""
        query = """
        select (select count(*) from messages where messages::text like $1)
            + (select count(*) from message_changes where message_changes::text like $1)
            + (select count(*) from feedback where feedback::text like $1)
            + (select count(*) from message_insights where message_insights::text like $1)
        """
        async with self._writer.transaction() as connection:
            found: int = await connection.fetchval(query, f"%{words}%")
        return found

    async def forget(self) -> None:
        """Leave no row behind that is not on the log: other tests build the view anew."""
        async with self._writer.transaction() as connection:
            for table in OWNED_TABLES["persistence"]:
                column = "id" if table == "conversations" else "conversation_id"
                if column not in METADATA.tables[table].columns:
                    continue
                query = f"delete from {table} where {column} = any($1::uuid[])"  # noqa: S608 - our own names
                await connection.execute(query, sorted(self._used))

    def _record(self, event: "Event") -> Record:
        made = to_record(event, b"/test")
        return Record(made.topic, 0, next(self._offsets), made.key, made.value, made.headers, 0)


@asynccontextmanager
async def keeping(stack: Stack) -> AsyncIterator[History]:
    """Give a history in the roles that the processes have."""
    async with AsyncExitStack() as closing:
        writer = Database(stack.database_url("persistence"))
        closing.push_async_callback(writer.close)
        engine = create_engine(stack.database_url("gateway"), 2)
        closing.push_async_callback(engine.dispose)
        history = History(writer, PostgresConversations(GatewayDatabase(engine)))
        closing.push_async_callback(history.forget)
        yield history


@pytest.fixture
async def history(infra_stack: Stack) -> AsyncIterator[History]:
    """The real history."""
    async with keeping(infra_stack) as ready:
        yield ready


def answer_to(conversation: UUID, question: UUID) -> ReplyGenerated:
    """Return what the assistant might say."""
    event_id = uuid4()
    return example(ReplyGenerated).model_copy(
        update={
            "event_id": event_id,
            "occurred_at": datetime.now(UTC),
            "correlation_id": event_id,
            "conversation_id": conversation,
            "message_id": uuid4(),
            "in_reply_to": question,
            "text": "an answer",
        }
    )


AGAIN = str(uuid4())
"""Names what is repeated after `unknown`, behind another change: stamped anew, it is the latest."""
CHANGES: tuple[tuple[str, int, dict[str, Any]], ...] = (
    ("message:edit", 1, {"text": "twice", "client_event_id": AGAIN}),
    ("message:edit", 1, {"text": "once"}),
    ("message:edit", 1, {"text": "twice", "client_event_id": AGAIN}),
    ("reaction", 1, {"emoji": "👍", "active": True, "client_event_id": AGAIN}),
    ("reaction", 1, {"emoji": "👍", "active": False}),
    ("reaction", 1, {"emoji": "👍", "active": True, "client_event_id": AGAIN}),
    ("reaction", 1, {"emoji": "🎉", "active": True}),
    ("reaction", 1, {"emoji": "🎉", "active": False}),
    ("read", 2, {}),
    ("delivered", 5, {}),
    ("delivered", 1, {}),
    ("message:edit", 3, {"text": SECRET}),
    ("reaction", 3, {"emoji": "👍", "active": True}),
    ("feedback", 6, {"rating": "down", "reason": "no", "client_event_id": AGAIN}),
    ("feedback", 6, {"rating": "up"}),
    ("feedback", 6, {"rating": "down", "reason": "no", "client_event_id": AGAIN}),
    ("feedback", 7, {"rating": "up", "reason": SECRET}),
    ("message:delete", 3, {}),
    ("read", 1, {}),
    ("read", 4, {}),
    ("message:delete", 5, {}),
    ("reply:stop", 0, {}),
    ("reply:regenerate", 0, {}),
)
"""What is done to which of six messages and two answers, to the first and the fourth of them."""


SHOWS_NOTHING = {
    "connect": "opens a socket",
    "ping": "is answered, and that is all",
    "conversation:join": "chooses what a socket hears",
    "conversation:leave": "chooses what a socket hears",
    "typing": "is whispered and kept nowhere",
    "presence": "is about a person, and kept nowhere",
    "presence:watch": "chooses what a socket hears",
}
"""Commands that change no state of a conversation, and why that is so."""


class Talker(Client):
    """Notes which commands it uses."""

    def __init__(self, connection: ClientConnection, user_id: UUID) -> None:
        super().__init__(connection, user_id)
        self.used: set[str] = set()

    async def say(self, **fields: object) -> None:
        self.used.add(str(fields["type"]))
        await super().say(**fields)


class Talk(NamedTuple):
    """A conversation, everything that happened in it, and the commands that made it so."""

    conversation: UUID
    events: "list[Event]"
    used: set[str]


def another_thumb(events: "list[Event]") -> FeedbackGiven:
    """Return what somebody else thinks of the first answer."""
    mine = next(each for each in events if isinstance(each, FeedbackGiven))
    other = mine.sender.model_copy(update={"id": uuid4()})
    return mine.model_copy(update={"event_id": uuid4(), "sender": other, "rating": Rating.UP})


async def talk() -> Talk:
    """Use every command on a running edge."""
    async with running(create_stage()) as stage:
        client = await Talker.open(stage, READER)
        conversation = await client.start()
        messages = []
        for number in range(6):
            await client.send(conversation, f"number {number}")
            messages.append((await client.hear_type("message"))["message_id"])

        async def change(frame_type: str, number: int, **fields: object) -> None:
            about = {"conversation_id": str(conversation), "message_id": messages[number]}
            await client.say(type=frame_type, ref=str(uuid4()), **about, **fields)
            assert (await client.hear_type("ack"))["status"] == "accepted"

        for number in (0, 3):
            await stage.publisher.publish(answer_to(conversation, UUID(messages[number])))
            messages.append((await client.hear_type("reply"))["message_id"])
        for frame_type, number, fields in CHANGES:
            await change(frame_type, number, **fields)
        for to, name in (("agent", AGAIN), ("assistant", str(uuid4())), ("agent", AGAIN)):
            called = {"conversation_id": str(conversation), "to": to, "note": f"to {to}"}
            called["client_event_id"] = name
            await client.say(type="handover", ref=str(uuid4()), **called)
            assert (await client.hear_type("ack"))["status"] == "accepted"
        await stage.publisher.publish(another_thumb(stage.publisher.events))
        for name in ("Grace", "Linus", "Grace"):
            await stage.publisher.publish(joined(conversation, name))
        await stage.publisher.publish(answer_to(conversation, UUID(messages[0])))
        return Talk(conversation, list(stage.publisher.events), client.used)


async def test_every_command_is_used() -> None:
    """A new one is tried here, or somebody has said why a fresh fetch shows nothing of it."""
    commands = {good_frame(kind)["type"] for kind in frame_types()}
    assert set(SHOWS_NOTHING) <= commands
    assert (await talk()).used | set(SHOWS_NOTHING) == commands


async def test_old_state_and_events_are_a_fresh_fetch(history: History) -> None:
    """P25: from every older snapshot, with everything or only what came later, repeats and all."""
    conversation, events, _ = await talk()
    snapshots = []
    for event in events:
        snapshots.append(await history.fetch(conversation))
        await history.apply(event)
    fresh = await history.thread(conversation)
    assert [each.text for each in fresh.shown] == [
        "number 0",
        "twice",
        "number 2",
        None,
        "number 4",
        None,
        "an answer",
        "an answer",
        "an answer",
    ]
    assert [len(each.reactions) for each in fresh.shown] == [0, 1, 0, 0, 0, 0, 0, 0, 0]
    assert [each.rating for each in fresh.shown][6:] == ["down", "up", None]
    assert len(fresh.read) == 1
    assert fresh.read != fresh.delivered
    assert fresh.handler == "agent"
    assert sorted(fresh.agents.values()) == ["Grace", "Linus"]
    for place, page in enumerate(snapshots):
        for later in (events[place:], events[max(0, place - 5) :], events, events + events):
            thread = thread_of(page)
            for frame in frames_of(later):
                thread.apply(frame)
            assert state_of(thread) == state_of(fresh)


@pytest.mark.parametrize("seed", range(5))
async def test_order_and_repeats_change_nothing(history: History, seed: int) -> None:
    """Changes before their message, twice, in one batch or in many: one state, no deleted word."""
    conversation, events, _ = await talk()
    chance = random.Random(seed)
    shuffled = [*events, *chance.sample(events, 5)]
    chance.shuffle(shuffled)
    cut = chance.randrange(len(shuffled))
    await history.apply(*shuffled[:cut])
    await history.apply(*shuffled[cut:])
    stored = await history.thread(conversation)
    live = Thread(reader=READER)
    for frame in frames_of(events):
        live.apply(frame)
    assert state_of(stored) == state_of(live)
    assert await history.traces(SECRET) == 0


async def test_a_deleted_message_leaves_nothing_behind(history: History) -> None:
    """Neither a late insight nor the message itself, redriven, brings a word back."""
    asked = example(MessageSent).model_copy(update=fresh_ids() | {"text": SECRET})
    insight = example(MessageAnalyzed)
    [entity] = insight.entities
    understood = insight.model_copy(
        update={
            "event_id": uuid4(),
            "message_id": asked.message_id,
            "conversation_id": asked.conversation_id,
            "entities": (entity.model_copy(update={"value": SECRET}),),
        }
    )
    deletion = about(asked, "chat.message_deleted.v1")
    await history.apply(asked, understood)
    assert await history.traces(SECRET) == 2
    await history.apply(deletion)
    assert await history.traces(SECRET) == 0
    await history.apply(asked, understood.model_copy(update={"event_id": uuid4()}))
    await history.apply(about(asked, "chat.message_edited.v1", text=SECRET))
    assert await history.traces(SECRET) == 0
    [item] = (await history.fetch(asked.conversation_id))["items"]
    assert (item["deleted"], item["text"], item["reactions"]) == (True, None, [])


async def test_a_reason_goes_with_its_question(history: History) -> None:
    """In whatever order both arrive, also in one batch; the thumb stays."""
    asked = example(MessageSent).model_copy(update=fresh_ids())
    deletion = about(asked, "chat.message_deleted.v1")
    rated = about(
        asked,
        "chat.feedback_given.v1",
        message_id=uuid4(),
        in_reply_to=asked.message_id,
        reason=SECRET,
    )
    await history.apply(asked, rated)
    assert await history.traces(SECRET) == 1
    await history.apply(deletion)
    assert await history.traces(SECRET) == 0
    later = rated.occurred_at + timedelta(seconds=1)
    again = {"event_id": uuid4(), "occurred_at": later}
    await history.apply(rated.model_copy(update=again))
    assert await history.traces(SECRET) == 0
    other = example(MessageSent).model_copy(update=fresh_ids())
    about_other = {"in_reply_to": other.message_id, "message_id": uuid4(), "event_id": uuid4()}
    gone = about(other, "chat.message_deleted.v1")
    await history.apply(rated.model_copy(update=about_other), gone)
    await history.apply(other)
    assert await history.traces(SECRET) == 0


async def test_what_is_not_the_authors_is_not_applied(history: History) -> None:
    """Even if it stood on the log, an edit or deletion by another shows nowhere."""
    asked = example(MessageSent).model_copy(update=fresh_ids())
    other = asked.sender.model_copy(update={"id": uuid4()})
    wishes = [
        about(asked, "chat.message_edited.v1", sender=other, text="forged"),
        about(asked, "chat.message_deleted.v1", sender=other),
    ]
    await history.apply(asked, *wishes)
    [shown] = (await history.thread(asked.conversation_id)).shown
    assert (shown.text, shown.edited_at, shown.deleted) == (asked.text, None, False)
    live = Thread()
    for frame in frames_of((asked, *wishes)):
        live.apply(frame)
    assert live.shown == [shown]


def example(kind: type[Kind]) -> Kind:
    """Return the example of an event."""
    return next(each for each in EXAMPLES if isinstance(each, kind))


def fresh_ids() -> dict[str, object]:
    """Return ids that no other test has."""
    return {"event_id": uuid4(), "message_id": uuid4(), "conversation_id": uuid4()}


def about(message: MessageSent, event_type: str, **fields: object) -> MessageEvent:
    """Return a change of this message by its author, or by whom the fields say."""
    event = next(each for each in EXAMPLES if each.event_type == event_type)
    assert isinstance(event, MessageEvent)
    return event.model_copy(
        update={
            "event_id": uuid4(),
            "message_id": message.message_id,
            "conversation_id": message.conversation_id,
            "sender": message.sender,
            **fields,
        }
    )
