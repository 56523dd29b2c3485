"""Examples and heads on the real log, in parts that one record can hold."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from consumers.nlp.adapters.event_log import POLL_MS, READ_SECONDS, readable, stop
from consumers.nlp.errors import HeadError, TrainingError
from producers.ports import EventPublisher
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from runtime.kafka import create_tail
from schemas.events.models import Example, ExamplesGiven, HeadStored, ModelRegistered, Stored
from schemas.ids import training_event_id
from schemas.topics import Topic

if TYPE_CHECKING:
    from runtime.settings import KafkaSettings

PIECE_BYTES = 500_000
"""Of a head per record: with base64 and the envelope well below the broker's 1 MB."""

Part = TypeVar("Part", ExamplesGiven, HeadStored)


class KafkaModelStore:
    """Examples and heads in parts; see `consumers.nlp.service.training.Store`."""

    def __init__(
        self,
        settings: "KafkaSettings",
        client_id: str,
        publisher: EventPublisher,
        clock: HybridLogicalClock,
    ) -> None:
        self._settings = settings
        self._client_id = client_id
        self._publisher = publisher
        self._clock = clock

    async def examples(self, stored: Stored, job_id: UUID) -> Sequence[Example]:
        """What a job is to learn from."""
        parts = await self._parts(
            Topic.TRAINING_EXAMPLES, stored, ExamplesGiven, str(job_id).encode()
        )
        if parts is None:
            raise TrainingError("its examples are not on the log any more; ask again with them")
        examples = [example for part in parts for example in part.examples]
        whole = hashlib.sha256(b"".join(each.model_dump_json().encode() for each in examples))
        if whole.hexdigest() != stored.sha256:
            raise TrainingError("its examples on the log are not those that were given")
        return examples

    async def put_head(self, version: str, content: bytes, sha256: str, job_id: UUID) -> Stored:
        """Store a head."""
        pieces = [content[at : at + PIECE_BYTES] for at in range(0, len(content), PIECE_BYTES)]
        places = []
        for number, piece in enumerate(pieces):
            published = await self._publisher.publish(
                HeadStored(
                    event_id=training_event_id(job_id, HeadStored.event_type, str(number)),
                    occurred_at=self._clock.stamp(),
                    correlation_id=job_id,
                    version=version,
                    part=number,
                    content=base64.b64encode(piece).decode("ascii"),
                )
            )
            if published.partition is None or published.offset is None:
                raise RetryableError(f"the head was not stored: {published.status}")
            places.append((published.partition, published.offset))
        partition, offset = places[0]
        return Stored(partition=partition, offset=offset, parts=len(pieces), sha256=sha256)

    async def head(self, registered: ModelRegistered) -> bytes:
        """
        Return a stored head's file.

        Raises:
            HeadError: it is not there, or not what was stored.
            RetryableError: the broker is away.
        """
        if registered.stored is None:
            raise HeadError("it was registered without a head")
        parts = await self._parts(
            Topic.MODEL_HEADS, registered.stored, HeadStored, registered.version.encode("ascii")
        )
        content = b"".join(base64.b64decode(part.content) for part in parts or ())
        if hashlib.sha256(content).hexdigest() != registered.stored.sha256:
            raise HeadError("what the log holds of it is not what was stored (sha256 differs)")
        return content

    async def _parts(
        self, topic: Topic, stored: Stored, kind: type[Part], key: bytes
    ) -> list[Part] | None:
        """
        The parts in their order; None when they are not all there.

        They are looked for where they were put, and on a log made anew from its first record.
        """
        where = TopicPartition(topic.value, stored.partition)
        try:
            async with asyncio.timeout(READ_SECONDS), self._reading(where) as consumer:
                begin = (await consumer.beginning_offsets([where]))[where]
                for start in (max(begin, stored.offset), begin):
                    found = await _found(consumer, where, start, stored.parts, kind, key)
                    if len(found) == stored.parts:
                        return [found[number] for number in sorted(found)]
        except (KafkaError, TimeoutError, OSError) as error:
            raise RetryableError(f"{topic}: {type(error).__name__}") from error
        return None

    @asynccontextmanager
    async def _reading(self, where: TopicPartition) -> AsyncIterator[AIOKafkaConsumer]:
        consumer = create_tail(self._settings, self._client_id)
        try:
            await consumer.start()
            consumer.assign([where])
            yield consumer
        finally:
            await stop(consumer)


async def _found(  # noqa: PLR0917 - what to look for, and where
    consumer: AIOKafkaConsumer,
    where: TopicPartition,
    start: int,
    parts: int,
    kind: type[Part],
    key: bytes,
) -> dict[int, Part]:
    """The parts that stand from `start` on."""
    found: dict[int, Part] = {}
    end = (await consumer.end_offsets([where]))[where]
    consumer.seek(where, min(start, end))
    while len(found) < parts and await consumer.position(where) < end:
        polled = await consumer.getmany(where, timeout_ms=POLL_MS)
        for record in (each for records in polled.values() for each in records):
            event = readable(record) if record.key == key else None
            if isinstance(event, kind) and event.part < parts:
                found[event.part] = event
    return found
