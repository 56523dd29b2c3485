"""The operator's desk on the real stack: look at dead letters, put them back, effects once."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import psutil
import pytest
from aiokafka import TopicPartition

from consumers.delivery.ports import Delivered, OffsetKeeper, Offsets, Partition
from producers.dead_letters import Burial, Origin, buried
from producers.records import to_record
from runtime import metrics
from schemas import headers as names
from schemas import ids
from schemas.events.chat import MessageSent
from schemas.events.envelope import Event
from schemas.topics import Lane, Topic, group_of
from tests.connected import delivery_bed as bed
from tests.stack import Stack

pytestmark = [pytest.mark.connected, pytest.mark.timeout(180)]

PERSISTENCE = Lane(Topic.CHAT_MESSAGES, "persistence")
SECRET = "nobody's business"


async def parley(stack: Stack, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *arguments, "--data", str(stack.folder.root)]
    return await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=120, check=False
    )


async def told(stack: Stack, *arguments: str) -> list[dict[str, Any]]:
    """Return what the desk prints for programs."""
    done = await parley(stack, "dlq", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    shown: list[dict[str, Any]] = json.loads(done.stdout)
    return shown


async def redrive(stack: Stack, lane: Lane, *arguments: str) -> str:
    done = await parley(stack, "dlq", "redrive", lane.dead_letters, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def bury_garbage(stack: Stack, key: str) -> None:
    """Put a record that nobody can read on the log, and let persistence bury it."""
    typed = [(names.TYPE, MessageSent.event_type.encode()), ("twice", b"1"), ("twice", b"2")]
    async with bed.producing(stack) as producer:
        await producer.send_and_wait(
            Topic.CHAT_MESSAGES,
            value=json.dumps({"text": SECRET}).encode(),
            key=key.encode(),
            headers=typed,
            partition=7,
        )
    async with bed.consuming(bed.member(stack, "persistence")):
        await bed.caught_up(stack, "persistence")


async def test_poison_is_listed_and_shown_without_its_words(infra_stack: Stack) -> None:
    """An operator sees where it came from and why, and what people wrote only on request."""
    key = str(uuid4())
    await bury_garbage(infra_stack, key)
    piles = {pile["topic"]: pile for pile in await told(infra_stack, "list")}
    assert piles[PERSISTENCE.dead_letters]["reasons"]["schema_mismatch"] >= 1
    assert piles[PERSISTENCE.dead_letters]["open"] >= 1
    plain = await parley(infra_stack, "dlq", "show", PERSISTENCE.dead_letters, "--limit", "999")
    assert SECRET not in plain.stdout
    shown = await told(infra_stack, "show", PERSISTENCE.dead_letters, "--limit", "999")
    (letter,) = [each for each in shown if each["key"] == key]
    assert letter["burial"]["reason"] == "schema_mismatch"
    assert (letter["burial"]["from"]["topic"], letter["burial"]["from"]["partition"]) == (
        "chat-messages",
        7,
    )
    assert letter["headers"][1:] == [["twice", "1"], ["twice", "2"]]
    assert "body" not in letter
    one = ("show", PERSISTENCE.dead_letters, "--offset", str(letter["offset"]), "--body")
    (opened,) = await told(infra_stack, *one)
    assert opened["body"] == {"text": SECRET}


async def test_what_stays_poison_comes_back_and_is_refused_in_the_end(infra_stack: Stack) -> None:
    """Each redrive is counted across dead letters; the origin stays where it first stood."""
    key = str(uuid4())
    await bury_garbage(infra_stack, key)
    one = ("--key", key, "--max-attempts", "2")
    for attempt in (1, 2):
        dry = await redrive(infra_stack, PERSISTENCE, *one, "--dry-run")
        assert "to redrive: 1 record," in dry
        assert "redriven: 1 record;" in await redrive(infra_stack, PERSISTENCE, *one, "--yes")
        async with bed.consuming(bed.member(infra_stack, "persistence")):
            await bed.caught_up(infra_stack, "persistence")
        shown = await told(infra_stack, "show", PERSISTENCE.dead_letters, "--limit", "999")
        ours = [each for each in shown if each["key"] == key]
        assert [each["burial"]["attempt"] for each in ours] == list(range(attempt + 1))
        assert len({json.dumps(each["burial"]["from"]) for each in ours}) == 1
        assert [each["headers"] for each in ours] == [ours[0]["headers"]] * len(ours)
        assert [each["open"] for each in ours] == [False] * attempt + [True]
    refused = await redrive(infra_stack, PERSISTENCE, *one, "--yes")
    assert "to redrive: 0 records" in refused
    assert "refused: redriven too often: 1 record" in refused


@dataclass
class Mended:
    """Cannot work some events until it is mended; notes in which order it worked them."""

    odd: set[UUID]
    broken: bool = True
    worked: list[UUID] = field(default_factory=list)

    def wrap(self, keeper: OffsetKeeper) -> "MendedKeeper":
        return MendedKeeper(self, keeper)


@dataclass
class MendedKeeper:
    state: Mended
    keeper: OffsetKeeper

    async def load(self, partitions: Iterable[Partition]) -> Offsets:
        return await self.keeper.load(partitions)

    async def store(self, batch: Sequence[Delivered], upto: Offsets) -> None:
        ours = [each.event.event_id for each in batch if each.event.event_id in self.state.odd]
        if ours and self.state.broken:
            raise ArithmeticError
        await self.keeper.store(batch, upto)
        self.state.worked += ours


async def stored(stack: Stack, event: MessageSent) -> int:
    return await bed.stored_of(stack, event.sender.id)


async def counted(stack: Stack, event: MessageSent) -> int:
    hour = event.occurred_at.replace(minute=0, second=0, microsecond=0)
    return await bed.counted_in(stack, hour)


@pytest.mark.parametrize(("name", "effects"), [("persistence", stored), ("analytics", counted)])
async def test_redriving_twice_has_effect_once(
    infra_stack: Stack, name: str, effects: Callable[[Stack, MessageSent], Awaitable[int]]
) -> None:
    """While the consumer runs: each event once, a key in its order, neighbours as they were."""
    lane, events = Lane(Topic.CHAT_MESSAGES, name), bed.messages(300, conversations=10)
    first = events[0]
    assert isinstance(first, MessageSent)
    odd = [each for each in events if each.key == first.key][5:9]
    state = Mended({each.event_id for each in odd})
    before = await bed.ends(infra_stack, [lane.retries])
    async with (
        bed.producing(infra_stack) as producer,
        bed.consuming(bed.member(infra_stack, name, state.wrap), bed.member(infra_stack, "audit")),
    ):
        await bed.publish(producer, events[:200])
        await bed.caught_up(infra_stack, name)
        assert await effects(infra_stack, first) == 200 - len(odd)
        state.broken = False
        chosen = ("--key", first.key.decode(), "--reason", "handler_error", "--rate", "20", "--yes")
        publishing = asyncio.create_task(bed.publish(producer, events[200:]))
        assert "redriven: 4 records;" in await redrive(infra_stack, lane, *chosen)
        await publishing
        await bed.caught_up(infra_stack, name)
        assert await effects(infra_stack, first) == len(events)
        assert "redriven already: 4 records" in await redrive(infra_stack, lane, *chosen)
        assert "redriven: 4 records;" in await redrive(infra_stack, lane, *chosen, "--again")
        await bed.caught_up(infra_stack, name)
        await bed.caught_up(infra_stack, "audit")
    assert await effects(infra_stack, first) == len(events)
    assert state.worked == [each.event_id for each in odd] * 2
    await assert_byte_identical(infra_stack, before, odd * 2)
    await assert_audited(infra_stack, lane, first.key.decode())


async def assert_byte_identical(
    stack: Stack, before: dict[TopicPartition, int], events: Sequence[Event]
) -> None:
    """The records on the retry topic are the originals, on their own partition."""
    made = [to_record(event, b"/test") for event in events]
    found = await bed.read_from(stack, before)
    assert [(each.key, each.value) for each in found] == [(each.key, each.value) for each in made]
    for each, original in zip(found, made, strict=True):
        assert tuple(each.headers[: len(original.headers)]) == original.headers
        ours = dict(each.headers[len(original.headers) :])
        assert ours[names.DEAD_LETTER_PARTITION] == str(each.partition).encode()
        assert names.DEAD_LETTER_REASON not in ours
    attempts = [dict(each.headers)[names.ATTEMPT] for each in found]
    assert attempts == [b"1"] * 4 + [b"2"] * 4


async def assert_audited(stack: Stack, lane: Lane, key: str) -> None:
    """The audit has one row per redrive that did something, and says who did it."""
    connection = await asyncpg.connect(stack.database_url())
    try:
        rows = await connection.fetch(
            "select actor_id, action, new from admin_logs where target_id = $1",
            ids.topic_id(lane.dead_letters),
        )
    finally:
        await connection.close()
    about = [json.loads(row["new"]) for row in rows]
    ours = [each for each in about if each["selection"]["key"] == key]
    assert [each["records"] for each in ours] == [4, 4]
    assert {each["operator"] for each in ours} == {psutil.Process().username()}
    assert {row["actor_id"] for row in rows} == {ids.OPERATOR_ID}
    assert {row["action"] for row in rows} == {"dlq.redriven"}


async def test_the_owner_exports_what_lies_there(infra_stack: Stack) -> None:
    """The gauge follows the dead-letter topic."""
    await bury_garbage(infra_stack, str(uuid4()))
    ends = await bed.ends(infra_stack, [PERSISTENCE.dead_letters])
    gauge = metrics.dead_letters.labels(group_of("persistence"), Topic.CHAT_MESSAGES)

    async def exported() -> bool:
        depth: float = gauge._value.get()
        return depth == sum(ends.values())

    async with bed.consuming(bed.member(infra_stack, "persistence")):
        await bed.until(exported, seconds=20)


async def test_a_redriven_question_is_answered_once(stack: Stack) -> None:
    """A consumer without tables makes the same events again, and the history keeps one."""
    (question,) = bed.messages(1)
    assert isinstance(question, MessageSent)
    lane = Lane(Topic.CHAT_MESSAGES, "nlp")
    await put_aside(stack, question, lane)
    starts = await bed.ends(stack, [Topic.CHAT_REPLIES])

    async def answers() -> list[bytes | None]:
        found = [each for each in await bed.read_from(stack, starts) if each.key == question.key]
        return [dict(each.headers)[names.ID] for each in found]

    async def answered(times: int) -> bool:
        return len(await answers()) == times

    for times, more in ((1, ()), (2, ("--again",))):
        await redrive(stack, lane, "--key", question.key.decode(), "--yes", *more)
        await bed.until(partial(answered, times), every=0.5)
    assert len(set(await answers())) == 1
    await bed.caught_up(stack, "persistence")
    query = "select count(*) from messages where in_reply_to = $1"
    assert await bed.fetchval(stack.database_url(), query, question.message_id) == 1


async def put_aside(stack: Stack, event: Event, lane: Lane) -> None:
    """Bury an event that can be read, as a consumer does that has a defect."""
    record, group = to_record(event, b"/test"), group_of(lane.consumer)
    burial = Burial(
        origin=Origin(lane.topic, 5, 1_000_000, 0), group=group, reason="handler_error", detail=""
    )
    async with bed.producing(stack) as producer:
        headers = list(buried(record.headers, burial))
        await producer.send_and_wait(
            lane.dead_letters, value=record.value, key=record.key, headers=headers
        )
