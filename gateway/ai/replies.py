"""The reply partitions on Kafka: one assigned by hand, without a group, from its end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from gateway.ai.ports import ReplyReader, ReplyRecord
from runtime.errors import RetryableError
from runtime.kafka import create_tail
from schemas import headers as names
from schemas.topics import Topic

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

    from runtime.settings import KafkaSettings

START_SECONDS = 10.0
STOP_SECONDS = 5.0
POLL_MS = 500

logger = structlog.get_logger(__name__)


class KafkaReplyLog:
    """`gateway.ai.ports.ReplyLog` on Kafka."""

    def __init__(self, settings: "KafkaSettings", client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id

    @asynccontextmanager
    async def follow(self, partition: int) -> AsyncIterator[ReplyReader]:
        """Read from where the partition ends now; see the port."""
        consumer = create_tail(self._settings, self._client_id)
        place = TopicPartition(Topic.AI_REPLIES.value, partition)
        try:
            async with asyncio.timeout(START_SECONDS):
                await consumer.start()
                consumer.assign([place])
                ends = await consumer.end_offsets([place])
            # A position of its own: "the latest" would be looked up at the first fetch only.
            consumer.seek(place, ends[place])
            yield _Reader(consumer)
        except (KafkaError, TimeoutError) as error:
            raise RetryableError("the replies cannot be read") from error
        finally:
            await _stop(consumer)


class _Reader:
    def __init__(self, consumer: AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def poll(self) -> Sequence[ReplyRecord]:
        """Return what has been fetched; see the port."""
        polled = await self._consumer.getmany(timeout_ms=POLL_MS)
        return [_record(raw) for records in polled.values() for raw in records]


def _record(raw: "ConsumerRecord[bytes, bytes]") -> ReplyRecord:
    # What is not text or not there is nobody's answer; the exchange counts it.
    event_type = next((value for name, value in raw.headers if name == names.TYPE), None)
    return ReplyRecord(_text(event_type), _text(raw.key), raw.value or b"")


def _text(value: bytes | None) -> str:
    return (value or b"").decode("ascii", "replace")


async def _stop(consumer: AIOKafkaConsumer) -> None:
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await consumer.stop()
    except (TimeoutError, KafkaError) as error:
        logger.warning("reply_reader_stop_failed", error=type(error).__name__)
