"""What the commands read from the log: ends, committed positions, records. They write nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupCoordinatorNotAvailableError, KafkaError

from infra.embedded.errors import StackError
from runtime.kafka import create_tail
from runtime.settings import KafkaSettings

CLIENT_ID = "parley-cli"
Positions = dict[tuple[str, int], int]


@asynccontextmanager
async def log_reader(bootstrap_servers: str) -> AsyncIterator[AIOKafkaConsumer]:
    """Give a reader without a group; a broker that is away becomes one clear line."""
    reader = create_tail(KafkaSettings(bootstrap_servers=bootstrap_servers), CLIENT_ID)
    try:
        await reader.start()
        yield reader
    except KafkaError as error:
        message = f"Kafka at {bootstrap_servers} does not answer: {error}"
        raise StackError(message) from error
    finally:
        await reader.stop()


async def partitions_of(bootstrap_servers: str, topics: list[str]) -> list[TopicPartition]:
    """Return the partitions of the topics that exist."""
    async with _admin(bootstrap_servers) as admin:
        return [
            TopicPartition(topic["topic"], partition["partition"])
            for topic in await admin.describe_topics(topics)
            for partition in topic["partitions"]
        ]


async def committed(bootstrap_servers: str, groups: list[str]) -> dict[str, Positions]:
    """Return each group's committed positions as Kafka keeps them."""
    async with _admin(bootstrap_servers) as admin:
        return {group: await _committed(admin, group) for group in groups}


@asynccontextmanager
async def _admin(bootstrap_servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, client_id=CLIENT_ID)
    try:
        await admin.start()
        yield admin
    except KafkaError as error:
        message = f"Kafka at {bootstrap_servers} does not answer: {error}"
        raise StackError(message) from error
    finally:
        await admin.close()


async def _committed(admin: AIOKafkaAdminClient, group: str) -> Positions:
    try:
        offsets = await admin.list_consumer_group_offsets(group)
    except GroupCoordinatorNotAvailableError:
        # Nobody has ever committed anything on this cluster.
        return {}
    return {
        (place.topic, place.partition): position.offset
        for place, position in offsets.items()
        if position.offset >= 0
    }
