"""Puts a record on a topic byte for byte: it is no event of ours, and perhaps none at all."""

import asyncio
from typing import TYPE_CHECKING

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from runtime.errors import RetryableError
from runtime.kafka import METADATA_MAX_AGE_MS, REQUEST_TIMEOUT_MS, RETRY_BACKOFF_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from producers.dead_letters import Header
    from runtime.settings import KafkaSettings

# A broker's usual limit for one record is 1 MiB; a dead letter is that and a few headers more.
MAX_VERBATIM_BYTES = 2 * 1024 * 1024
DEADLINE_SECONDS = 10.0

logger = structlog.get_logger(__name__)


class VerbatimPublisher:
    """Copies records with one idempotent producer; connects when the first record comes.

    Ordering: as published, because each waits for the one before.
    """

    def __init__(self, settings: "KafkaSettings", client_id: str) -> None:
        self._settings = settings
        self._client_id = client_id
        self._producer: AIOKafkaProducer | None = None

    async def publish(
        self,
        topic: str,
        partition: int,
        key: bytes | None,
        value: bytes | None,
        headers: "Sequence[Header]",
    ) -> int:
        """Return its offset when all in-sync replicas have the record.

        Partitions that the topic does not have wrap around.

        Raises:
            RetryableError: it may or may not be there.
        """
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                producer = self._producer or await self._connect()
                # A batch of one, because send() refuses a record with neither key nor value.
                batch = producer.create_batch()
                batch.append(key=key, value=value, timestamp=None, headers=list(headers))
                batch.close()
                there = sorted(await producer.partitions_for(topic))
                target = there[partition % len(there)]
                where = await (await producer.send_batch(batch, topic, partition=target))
        except (TimeoutError, KafkaError) as error:
            # A wedged idempotent producer never recovers; a new one costs one handshake.
            await self.close()
            raise RetryableError(f"cannot write to {topic}: {type(error).__name__}") from error
        return int(where.offset)

    async def close(self) -> None:
        """Let go of the broker; the next record would connect again."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                await producer.stop()
        except (TimeoutError, KafkaError) as error:
            logger.warning("verbatim_stop_failed", error=type(error).__name__)

    async def _connect(self) -> AIOKafkaProducer:
        self._producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.bootstrap_servers,
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            linger_ms=0,
            max_request_size=MAX_VERBATIM_BYTES,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            retry_backoff_ms=RETRY_BACKOFF_MS,
            metadata_max_age_ms=METADATA_MAX_AGE_MS,
        )
        await self._producer.start()
        return self._producer
