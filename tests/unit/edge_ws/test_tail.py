"""The tail reads every record once, whatever is in it and whatever happens to its source."""

import asyncio
from uuid import UUID, uuid4

import orjson
import pytest

from edge_ws.backlog import log_of
from producers.records import Headers, Record
from schemas import headers as names
from schemas.events.chat import MessageDeleted, MessageSent
from schemas.generate.examples import EXAMPLES
from schemas.topics import Topic
from tests.unit.edge_ws.stage import Client, Stage, until


def message_in(conversation: UUID) -> bytes:
    """Return the body of a new message in this conversation."""
    example = next(each for each in EXAMPLES if isinstance(each, MessageSent))
    ids = {"event_id": uuid4(), "message_id": uuid4(), "conversation_id": conversation}
    return example.model_copy(update=ids).model_dump_json().encode()


SENT = ((names.TYPE, MessageSent.event_type.encode()),)


@pytest.mark.parametrize(
    ("value", "headers"),
    [
        (b"\xff\xfe garbage", SENT),
        (b'{"text":"\xff"}', SENT),
        (b"[]", SENT),
        (b"{}", SENT),
        (b"{}", ()),
        (b"{}", ((names.TYPE, b"\xff\xfe"),)),
        (b"{}", ((names.TYPE, None),)),
        (b"{}", ((names.TYPE, b"chat.unheard_of.v9"),)),
        (None, SENT),
        (b'{"owner_id":"nobody"}', ((names.TYPE, b"chat.conversation_started.v1"),)),
    ],
)
async def test_poison_is_passed_over(stage: Stage, value: bytes, headers: Headers) -> None:
    """A record that cannot be pushed reaches nobody, and its neighbours reach everybody."""
    client = await Client.open(stage)
    conversation = await client.start()
    key = str(conversation).encode()
    log = log_of(Topic.CHAT_MESSAGES, key)
    await client.hear_type("conversation:started")
    stage.publisher.logs[log].append(Record(log.topic, key, value, headers))
    stage.publisher.logs[log].append(Record(log.topic, None, b"{}", SENT))  # type: ignore[arg-type]
    await client.send(conversation, "after the poison")
    frames = [await client.hear(), await client.hear()]
    assert sorted(frame["type"] for frame in frames) == ["ack", "message"]


async def test_a_strange_time_does_no_harm(stage: Stage) -> None:
    """A time header that is none, or has no zone, is not observed; the record is pushed."""
    client = await Client.open(stage)
    conversation = await client.start()
    await client.hear_type("conversation:started")
    key = str(conversation).encode()
    log = log_of(Topic.CHAT_MESSAGES, key)
    for time in (b"\xff", b"yesterday", b"2026-01-01T00:00:00"):
        headers = (*SENT, (names.TIME, time))
        event = message_in(conversation)
        stage.publisher.logs[log].append(Record(log.topic, key, event, headers))
    texts = [await asyncio.wait_for(client.connection.recv(), 5) for _ in range(3)]
    assert all('"type":"message"' in str(text) for text in texts)


async def test_what_lacks_what_all_rely_on_is_passed_over(stage: Stage) -> None:
    """A deletion of nothing, or one that belongs elsewhere, stops no tail and reaches nobody."""
    client = await Client.open(stage)
    conversation = await client.start()
    await client.hear_type("conversation:started")
    key = str(conversation).encode()
    log = log_of(Topic.CHAT_MESSAGES, key)
    headers = ((names.TYPE, MessageDeleted.event_type.encode()),)
    for lacking in ("message_id", "sender", "event_id", "occurred_at", "conversation_id"):
        fields = orjson.loads(message_in(conversation))
        del fields[lacking]
        stage.publisher.logs[log].append(Record(log.topic, key, orjson.dumps(fields), headers))
    elsewhere = message_in(uuid4())
    stage.publisher.logs[log].append(Record(log.topic, key, elsewhere, headers))
    await client.send(conversation, "after them")
    frames = [await client.hear(), await client.hear()]
    assert sorted(frame["type"] for frame in frames) == ["ack", "message"]


async def test_a_broken_source_is_replaced_and_nothing_is_skipped(stage: Stage) -> None:
    """After a failure the tail goes on from its own positions."""
    client = await Client.open(stage)
    conversation = await client.start()
    for number in range(5):
        stage.records.failure = OSError("the broker is gone")
        await client.send(conversation, f"{number}")
        await until(lambda: stage.records.failure is None)
    heard = [(await client.hear_type("message"))["text"] for _ in range(5)]
    assert heard == [f"{number}" for number in range(5)]


async def test_a_hole_in_the_log_is_told(stage: Stage) -> None:
    """Records that are gone before they were read send their readers to the history."""
    client = await Client.open(stage)
    conversation = await client.start()
    await client.hear_type("conversation:started")
    log = log_of(Topic.CHAT_MESSAGES, str(conversation).encode())
    stage.records._next[log] += 2
    kept = stage.publisher.logs[log]
    kept.extend([kept[0], kept[0]])
    await client.send(conversation, "behind the hole")
    assert (await client.hear_type("reset"))["conversation_id"] == str(conversation)
    assert (await client.hear_type("message"))["text"] == "behind the hole"


async def test_a_new_history_is_told(stage: Stage) -> None:
    """A cluster made anew sends everybody to the history, and the tail follows the new one."""
    client = await Client.open(stage)
    conversation = await client.start()
    stage.records.epoch = "another"
    stage.records.failure = OSError("the broker is gone")
    reset = await client.hear_type("reset")
    assert (reset["conversation_id"], reset["epoch"]) == (str(conversation), "another")
    await until(lambda: stage.edge.tail.following)
    assert stage.edge.backlog.epoch == "another"
    await client.send(conversation, "on the new log")
    assert (await client.hear_type("message"))["text"] == "on the new log"
