"""Topics are deleted and made again on a real cluster: readers of the old ones are told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from edge_ws.kafka import KafkaRecords
from edge_ws.ports import Log
from runtime.errors import RetryableError
from runtime.settings import KafkaSettings
from schemas.topics import CATALOGUE, Topic
from tests.stack import started

pytestmark = [pytest.mark.connected, pytest.mark.timeout(180)]

LOOK = timedelta(milliseconds=200)


async def make_anew(servers: str, topic: Topic) -> None:
    """Delete a topic and make it again, as soon as its name is free."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        await admin.delete_topics([topic.value])
        made = NewTopic(topic.value, CATALOGUE[topic].partitions, 1)
        while (await admin.create_topics([made])).topic_errors[0][1] != 0:
            await asyncio.sleep(0.1)
    finally:
        await admin.close()


async def read_on(records: KafkaRecords) -> None:
    """Read until it fails."""
    async with asyncio.timeout(30):
        while True:
            await records.poll()


@asynccontextmanager
async def reading(settings: KafkaSettings) -> AsyncIterator[KafkaRecords]:
    """Read from the logs' ends."""
    records = KafkaRecords(settings, "test", lookback=timedelta(0), look=LOOK)
    try:
        starts = await records.start({})
        assert Log(Topic.CHAT_MESSAGES, 0) in starts
        assert records.ends == starts
        yield records
    finally:
        await records.stop()


async def test_a_topic_made_anew_ends_the_reading() -> None:
    """The edge's source gives up by itself, and the next one names another history."""
    with started(infrastructure_only=True) as stack:
        settings = KafkaSettings(bootstrap_servers=stack.bootstrap_servers)
        async with reading(settings) as before:
            await before.poll()
            await make_anew(stack.bootstrap_servers, Topic.CHAT_MESSAGES)
            with pytest.raises(RetryableError):
                await read_on(before)
        async with reading(settings) as after:
            await asyncio.sleep(4 * LOOK.total_seconds())
            await after.poll()
            assert after.epoch != before.epoch
