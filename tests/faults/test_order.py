"""Many talk in the same conversations while consumers come and go: one order, for everybody."""

import asyncio
import random
from collections import defaultdict
from typing import TYPE_CHECKING
from uuid import UUID

import asyncpg
import orjson
import pytest

from cli.kafka import log_reader, partitions_of
from schemas import headers as names
from schemas.events.chat import MessageSent
from schemas.topics import Topic
from tests.faults.devices import Crowd, Device
from tests.faults.members import extra_member
from tests.faults.traffic import Load, Traffic
from tests.faults.trial import Trial
from tests.stack import Stack

if TYPE_CHECKING:
    from aiokafka import TopicPartition

pytestmark = [pytest.mark.faults, pytest.mark.slow, pytest.mark.timeout(400)]

CONVERSATIONS = 50
SENDERS = 4
RATE = 25.0
REBALANCES = 12
REBALANCE_SECONDS = 5.0


async def log_orders(stack: Stack) -> dict[UUID, dict[UUID, int]]:
    """Return each conversation's messages with where each stands first, in the log's order."""
    places = await partitions_of(stack.bootstrap_servers, [Topic.CHAT_MESSAGES.value])
    found: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    async with log_reader(stack.bootstrap_servers) as reader:
        ends: dict[TopicPartition, int] = await reader.end_offsets(places)
        reader.assign(places)
        await reader.seek_to_beginning(*places)
        while any([await reader.position(place) < end for place, end in ends.items()]):
            for records in (await reader.getmany(timeout_ms=500)).values():
                for record in records:
                    if (names.TYPE, MessageSent.event_type.encode()) not in record.headers:
                        continue
                    said = orjson.loads(record.value)
                    order = found[UUID(said["conversation_id"])]
                    order.setdefault(UUID(said["message_id"]), record.offset)
    return found


async def table_order(stack: Stack, conversation_id: UUID) -> list[UUID]:
    """Return a conversation's messages as its history is read."""
    query = """
        select message_id from messages where conversation_id = $1 and type = 'message'
        order by occurred_at, event_id
    """
    connection = await asyncpg.connect(stack.database_url())
    try:
        return [row["message_id"] for row in await connection.fetch(query, conversation_id)]
    finally:
        await connection.close()


def assert_heard_as_logged(device: Device, log: dict[UUID, int]) -> None:
    """From the first message that it heard on, nothing of the log is left out or moved."""
    heard = device.order()
    ids = list(log)
    since = ids[ids.index(heard[0]) :]
    assert heard == since
    assert device.positions() == [log[each] for each in since]


async def test_one_order_for_everybody(trial: Trial) -> None:
    """Log, tables and every reader agree; nobody's words overtake each other; no gaps."""
    load = Load(people=CONVERSATIONS, rate=5)
    chance, stack = random.Random(load.seed), trial.stack
    crowds: list[Crowd] = []

    async def fault(traffic: Traffic) -> None:
        enough = asyncio.Event()
        async with Crowd(traffic, SENDERS, load.seed) as crowd:
            crowds.append(crowd)
            talking = asyncio.create_task(crowd.talk(RATE, enough))
            for _turn in range(REBALANCES // 2):
                with extra_member(stack, chance.choice(("persistence", "persistence", "nlp"))):
                    await asyncio.sleep(REBALANCE_SECONDS)
                await asyncio.sleep(REBALANCE_SECONDS)
            enough.set()
            await talking

    name = (
        f"{CONVERSATIONS} conversations, {SENDERS} senders in each,"
        f" {REBALANCES} rebalances, every {REBALANCE_SECONDS:.0f} s"
    )
    await trial.run("P7", name, fault, load=load)
    (crowd,) = crowds
    log = await log_orders(stack)
    for device in crowd.devices:
        assert device.said
        assert_heard_as_logged(device, log[device.person.conversation.id])
        theirs = set(device.said)
        assert [each for each in device.order() if each in theirs] == device.said
    for person in {id(each.person): each.person for each in crowd.devices}.values():
        stored = await table_order(stack, person.conversation.id)
        assert stored == list(log[person.conversation.id])
