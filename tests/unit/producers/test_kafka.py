"""The Kafka publisher never waits past its deadline and never says accepted too early."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, OutOfOrderSequenceNumber
from aiokafka.structs import RecordMetadata, TopicPartition

from producers import kafka
from producers.kafka import KafkaEventPublisher
from producers.ports import PublishStatus
from runtime.clock import ServerTime
from runtime.settings import KafkaSettings
from schemas.generate.examples import EXAMPLES

if TYPE_CHECKING:
    from aiokafka import AIOKafkaProducer

EVENT = EXAMPLES[1]
DEADLINE = timedelta(milliseconds=50)


class ScriptedProducer:
    """A producer whose answers the test gives."""

    def __init__(self) -> None:
        self.answers: list[asyncio.Future[RecordMetadata]] = []
        self.outcome: BaseException | None = None
        self.started = self.stopped = False

    async def start(self) -> None:
        self.started = True

    async def stop(self) -> None:
        self.stopped = True

    async def send(self, _topic: str, **_: object) -> asyncio.Future[RecordMetadata]:
        answer: asyncio.Future[RecordMetadata] = asyncio.get_running_loop().create_future()
        if self.outcome is not None:
            answer.set_exception(self.outcome)
        self.answers.append(answer)
        return answer

    def acknowledge(self, timestamp: int = 0, timestamp_type: int = 0) -> None:
        for offset, answer in enumerate(self.answers):
            if not answer.done():
                place = TopicPartition("chat-messages", 3)
                metadata = RecordMetadata(*place, place, offset, timestamp, timestamp_type, 0)
                answer.set_result(metadata)


@asynccontextmanager
async def publishing(
    *producers: ScriptedProducer,
    deadline: timedelta = DEADLINE,
    server_time: ServerTime | None = None,
) -> AsyncIterator[KafkaEventPublisher]:
    supply = iter(producers)
    async with KafkaEventPublisher(
        KafkaSettings(publish_deadline=deadline),
        process="test",
        instance="1",
        create=lambda *_: cast("AIOKafkaProducer", next(supply)),
        server_time=server_time or ServerTime(),
    ) as publisher:
        yield publisher


async def test_nothing_is_accepted_before_the_broker_says_so() -> None:
    """Silence becomes `unknown` at the deadline, not `accepted`."""
    producer = ScriptedProducer()
    async with publishing(producer) as publisher:
        assert (await publisher.publish(EVENT)).status is PublishStatus.UNKNOWN
        waiting = asyncio.create_task(publisher.publish(EVENT))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        producer.acknowledge()
        told = await waiting
    assert (told.status, told.partition, told.offset) == (PublishStatus.ACCEPTED, 3, 1)


async def test_an_expired_send_is_not_cancelled() -> None:
    """Its record may be on the way; a hole in the sequence would wedge the producer."""
    producer = ScriptedProducer()
    async with publishing(producer) as publisher:
        await publisher.publish(EVENT)
        assert not producer.answers[0].cancelled()


async def test_too_much_under_way_is_busy_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tried, and the bound is free again when answers come."""
    monkeypatch.setattr(kafka, "MAX_UNDER_WAY", 1)
    producer = ScriptedProducer()
    async with publishing(producer, deadline=timedelta(seconds=5)) as publisher:
        first = asyncio.create_task(publisher.publish(EVENT))
        await asyncio.sleep(0.01)
        assert (await publisher.publish(EVENT)).status is PublishStatus.BUSY
        assert len(producer.answers) == 1
        producer.acknowledge()
        assert (await first).accepted
        assert not publisher.saturated


async def test_of_several_each_is_told_what_became_of_it() -> None:
    """At the deadline those that the broker has are accepted, and the others unknown."""
    producer = ScriptedProducer()
    async with publishing(producer) as publisher:
        publishing_all = asyncio.create_task(publisher.publish_all([EVENT, EVENT, EVENT]))
        while len(producer.answers) < 3:
            await asyncio.sleep(0)
        silent = producer.answers.pop(1)
        producer.acknowledge()
        told = await publishing_all
        silent.set_exception(MessageSizeTooLargeError())
    assert [each.status for each in told] == [
        PublishStatus.ACCEPTED,
        PublishStatus.UNKNOWN,
        PublishStatus.ACCEPTED,
    ]


async def test_whoever_gives_up_leaves_the_records_on_their_way() -> None:
    """A cancelled caller cancels nothing that was handed over."""
    producer = ScriptedProducer()
    async with publishing(producer, deadline=timedelta(seconds=5)) as publisher:
        gives_up = asyncio.create_task(publisher.publish(EVENT))
        await asyncio.sleep(0.01)
        gives_up.cancel()
        await asyncio.wait([gives_up])
        assert not producer.answers[0].cancelled()
        producer.acknowledge()
        await asyncio.sleep(0.01)
        assert not publisher.saturated


async def test_a_record_too_large_failed() -> None:
    """It is surely not on the log."""
    producer = ScriptedProducer()
    producer.outcome = MessageSizeTooLargeError()
    async with publishing(producer) as publisher:
        assert (await publisher.publish(EVENT)).status is PublishStatus.FAILED


@pytest.mark.parametrize("end", [OutOfOrderSequenceNumber(), KafkaError("the sender ended")])
async def test_a_wedged_producer_is_replaced(end: KafkaError) -> None:
    """The next publish goes through a new one, without a restart of the process."""
    wedged, fresh = ScriptedProducer(), ScriptedProducer()
    wedged.outcome = end
    async with publishing(wedged, fresh, deadline=timedelta(seconds=5)) as publisher:
        assert (await publisher.publish(EVENT)).status is PublishStatus.UNKNOWN
        again = asyncio.create_task(publisher.publish(EVENT))
        await asyncio.sleep(0.01)
        fresh.acknowledge()
        assert (await again).accepted
        assert wedged.stopped
        assert fresh.started


async def test_the_brokers_clock_is_learned_before_anything_is_stamped() -> None:
    """From one record that is no event; a timestamp of our own making teaches nothing."""
    for timestamp_type, learned in ((1, -86_400), (0, 0)):
        producer, server_time = ScriptedProducer(), ServerTime(lambda: 100_000.0)
        async with publishing(producer, server_time=server_time) as publisher:
            reading = asyncio.create_task(publisher.read_clock())
            await asyncio.sleep(0.01)
            producer.acknowledge(13_600_000, timestamp_type)
            await reading
        assert server_time.offset == learned


async def test_a_silent_broker_holds_up_nobody() -> None:
    """The clock is then learned from the first event that is accepted."""
    producer, server_time = ScriptedProducer(), ServerTime(lambda: 100_000.0)
    async with publishing(producer, server_time=server_time) as publisher:
        await publisher.read_clock()
        assert server_time.offset == 0
        publishing_one = asyncio.create_task(publisher.publish(EVENT))
        await asyncio.sleep(0.01)
        producer.acknowledge(13_600_000, 1)
        assert (await publishing_one).accepted
    assert server_time.offset == -86_400


async def test_under_load_records_leave_together() -> None:
    """The first at once, the rest in few crowds, and every one is accepted in the end."""
    producer = ScriptedProducer()
    async with publishing(producer, deadline=timedelta(seconds=10)) as publisher:
        publishes = [asyncio.ensure_future(publisher.publish(EVENT)) for _ in range(400)]
        for _ in range(3):
            await asyncio.sleep(0)
        assert 0 < len(producer.answers) < len(publishes)
        async with asyncio.timeout(5):
            while len(producer.answers) < len(publishes):
                await asyncio.sleep(0.001)
        producer.acknowledge()
        assert {each.status for each in await asyncio.gather(*publishes)} == {
            PublishStatus.ACCEPTED
        }
