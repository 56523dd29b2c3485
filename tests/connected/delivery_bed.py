"""What the delivery tests share: events in bulk, members of a group, and looks at the outcome."""

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import asyncpg
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from consumers.analytics import app as analytics
from consumers.audit import app as audit
from consumers.delivery.app import run_consumer
from consumers.delivery.database import Database
from consumers.delivery.ports import OffsetKeeper
from consumers.delivery.projection import PostgresOffsets, Projection
from consumers.delivery.settings import ProjectionSettings
from consumers.persistence import app as persistence
from consumers.personalization import app as personalization
from producers.records import to_record
from runtime.kafka import create_producer
from runtime.settings import KafkaSettings
from schemas.events.chat import MessageSent, Sender, SenderKind
from schemas.events.envelope import Event
from schemas.topics import group_of, subscription_of
from tests.stack import Stack

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

Wrap = Callable[[OffsetKeeper], OffsetKeeper]


PROJECTIONS: dict[str, Callable[[], Projection]] = {
    "persistence": persistence.projection,
    "personalization": personalization.projection,
    "analytics": analytics.projection,
    "audit": audit.projection,
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def unique_hour() -> datetime:
    """Return an hour no other test counts in."""
    return datetime(2001, 1, 1, tzinfo=UTC) + timedelta(hours=random.randrange(200_000))


def messages(count: int, *, conversations: int = 50, at: datetime | None = None) -> list[Event]:
    """Return messages of one user, spread over conversations, all in one hour."""
    sender = Sender(id=uuid4(), kind=SenderKind.USER, name="Ada")
    places = [uuid4() for _ in range(conversations)]
    hour = at or unique_hour()
    made: list[Event] = []
    for number in range(count):
        event_id = uuid4()
        made.append(
            MessageSent(
                event_id=event_id,
                occurred_at=hour + timedelta(microseconds=number),
                correlation_id=event_id,
                conversation_id=places[number % conversations],
                message_id=uuid4(),
                sender=sender,
                text=f"message {number}",
                client_message_id=uuid4(),
            )
        )
    return made


@asynccontextmanager
async def producing(stack: Stack) -> AsyncIterator[AIOKafkaProducer]:
    """Give a plain producer."""
    settings = KafkaSettings(bootstrap_servers=stack.bootstrap_servers)
    producer = create_producer(settings, "test")
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def publish(producer: AIOKafkaProducer, events: Iterable[Event]) -> None:
    """Put events on their topics and wait for the broker."""
    waiting = []
    for event in events:
        record = to_record(event, b"/test")
        waiting.append(
            await producer.send(
                record.topic, value=record.value, key=record.key, headers=list(record.headers)
            )
        )
    await asyncio.gather(*waiting)


@dataclass
class Member:
    """One running member of a consumer's group."""

    name: str
    settings: ProjectionSettings
    wrap: Wrap = lambda keeper: keeper
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Consume until stopped."""
        database = Database(self.settings.database_url.get_secret_value())
        keeper = PostgresOffsets(database, group_of(self.name), PROJECTIONS[self.name]())
        try:
            await run_consumer(
                name=self.name,
                settings=self.settings,
                handler=self.wrap(keeper),
                stop=self.stop,
            )
        finally:
            await database.close()


def member(stack: Stack, name: str, wrap: Wrap = lambda keeper: keeper) -> Member:
    """Return a member that is not running yet."""
    settings = ProjectionSettings.model_validate(
        {
            "instance": uuid4().hex,
            "kafka": {"bootstrap_servers": stack.bootstrap_servers},
            "health": {"port": free_port()},
            "database_url": stack.database_url(name),
            "delivery": {"retry": {"first": timedelta(seconds=0.2), "attempts": 3}},
        }
    )
    return Member(name, settings, wrap)


@asynccontextmanager
async def consuming(*members: Member) -> AsyncIterator[list[asyncio.Task[None]]]:
    """Run members side by side; stop them in an orderly way at the end."""
    tasks = [asyncio.create_task(each.run()) for each in members]
    try:
        yield tasks
    finally:
        for each in members:
            each.stop.set()
        await asyncio.gather(*tasks)


async def until(
    condition: Callable[[], Awaitable[bool]], seconds: float = 120.0, every: float = 0.1
) -> None:
    """Wait for something to become true; fail when it does not."""
    async with asyncio.timeout(seconds):
        # The stack announces nothing: asking again is the only way.
        while not await condition():
            await asyncio.sleep(every)


async def fetchval(url: str, query: str, *args: object) -> int:
    """Ask the database one thing."""
    connection = await asyncpg.connect(url)
    try:
        value: int = await connection.fetchval(query, *args)
        return value
    finally:
        await connection.close()


async def ends(stack: Stack, topics: Sequence[str]) -> dict[TopicPartition, int]:
    """Return the ends of the topics' partitions."""
    consumer = AIOKafkaConsumer(bootstrap_servers=stack.bootstrap_servers)
    await consumer.start()
    try:
        found: dict[TopicPartition, int] = {}
        for topic in topics:
            await consumer._client._wait_on_metadata(topic)
            parts = [TopicPartition(topic, p) for p in consumer.partitions_for_topic(topic) or ()]
            found |= await consumer.end_offsets(parts)
        return found
    finally:
        await consumer.stop()


async def caught_up(stack: Stack, name: str) -> None:
    """Wait until the consumer has stored everything that stands on its topics now."""
    wanted = {
        where: end for where, end in (await ends(stack, subscription_of(name))).items() if end
    }
    connection = await asyncpg.connect(stack.database_url())
    query = "select topic, partition, next_offset from consumer_offsets where group_id = $1"

    async def reached() -> bool:
        rows = await connection.fetch(query, group_of(name))
        stored = {
            TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in rows
        }
        return all(stored.get(where, 0) >= end for where, end in wanted.items())

    try:
        await until(reached)
    finally:
        await connection.close()


async def read_from(
    stack: Stack, starts: dict[TopicPartition, int]
) -> list["ConsumerRecord[bytes, bytes]"]:
    """Return what was put on these partitions since."""
    upto = await ends(stack, sorted({where.topic for where in starts}))
    if all(upto[where] <= start for where, start in starts.items()):
        # A consumer stopped before its tasks have begun raises CancelledError (aiokafka 0.14).
        return []
    consumer = AIOKafkaConsumer(
        bootstrap_servers=stack.bootstrap_servers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    try:
        consumer.assign(list(starts))
        for where, start in starts.items():
            consumer.seek(where, start)
        found: list[ConsumerRecord[bytes, bytes]] = []
        while len(found) < sum(upto.values()) - sum(starts.values()):
            for part in (await consumer.getmany(timeout_ms=500)).values():
                found += part
        return found
    finally:
        await consumer.stop()


async def counted_in(stack: Stack, hour: datetime) -> int:
    """Return how many messages analytics has counted in this hour."""
    query = "select coalesce(sum(value), 0) from analytics_data where hour = $1 and metric = $2"
    return int(await fetchval(stack.database_url(), query, hour, "messages"))


async def stored_of(stack: Stack, sender: UUID) -> int:
    """Return how many messages of this sender are in the history."""
    query = "select count(*) from messages where sender_id = $1"
    return await fetchval(stack.database_url(), query, sender)
