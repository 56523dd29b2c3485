"""Examples, heads and sentence models on the real log, in parts that one record can hold."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from consumers.nlp.adapters.event_log import POLL_MS, READ_SECONDS, readable, stop
from consumers.nlp.errors import HeadError, TrainingError
from consumers.nlp.service.workshop import File
from producers.ports import EventPublisher
from runtime.clock import HybridLogicalClock
from runtime.errors import RetryableError
from runtime.kafka import create_tail
from schemas.events.envelope import Event
from schemas.events.models import (
    EncoderStored,
    Example,
    ExamplesGiven,
    HeadStored,
    ModelRegistered,
    Stored,
)
from schemas.ids import training_event_id
from schemas.topics import Topic

if TYPE_CHECKING:
    from runtime.settings import KafkaSettings

PIECE_BYTES = 500_000
"""Of a file per record: with base64 and the envelope well below the broker's 1 MB."""
MOST_ENCODER_BYTES = 64 * 1024 * 1024
"""Of a sentence model; today's has 23 MB. What is larger is neither stored nor fetched."""

Part = TypeVar("Part", ExamplesGiven, HeadStored, EncoderStored)


class KafkaModelStore:
    """Examples and versions in parts; see `consumers.nlp.service.workshop.Store`."""

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

    async def put_head(self, version: str, head: File, job_id: UUID) -> Stored:
        """Store a head."""

        def part(number: int, piece: bytes) -> HeadStored:
            return HeadStored(
                event_id=training_event_id(job_id, HeadStored.event_type, str(number)),
                occurred_at=self._clock.stamp(),
                correlation_id=job_id,
                version=version,
                part=number,
                content=base64.b64encode(piece).decode("ascii"),
            )

        return await self._put(head, part)

    async def put_encoder(self, version: str, encoder: File, job_id: UUID) -> Stored:
        """Store a sentence model."""
        if len(encoder.content) > MOST_ENCODER_BYTES:
            raise TrainingError(f"its sentence model has more than {MOST_ENCODER_BYTES} bytes")

        def part(number: int, piece: bytes) -> EncoderStored:
            return EncoderStored(
                event_id=training_event_id(job_id, EncoderStored.event_type, str(number)),
                occurred_at=self._clock.stamp(),
                correlation_id=job_id,
                version=version,
                part=number,
                content=base64.b64encode(piece).decode("ascii"),
                sha256=hashlib.sha256(piece).hexdigest(),
            )

        return await self._put(encoder, part)

    async def _put(self, file: File, part: Callable[[int, bytes], Event]) -> Stored:
        pieces = pieces_of(file.content)
        places = []
        for number, piece in enumerate(pieces):
            published = await self._publisher.publish(part(number, piece))
            if published.partition is None or published.offset is None:
                raise RetryableError(f"a version was not stored: {published.status}")
            places.append((published.partition, published.offset))
        partition, offset = places[0]
        return Stored(partition=partition, offset=offset, parts=len(pieces), sha256=file.sha256)

    async def head(self, registered: ModelRegistered) -> bytes:
        """
        Return a stored head's file.

        Raises:
            HeadError: it is not there, or not what was stored.
            RetryableError: the broker is away.
        """
        if registered.stored is None:
            raise HeadError("it was registered without a head")
        key = registered.version.encode("ascii")
        parts = await self._parts(Topic.MODEL_HEADS, registered.stored, HeadStored, key)
        return joined((part.content for part in parts or ()), registered.stored.sha256)

    async def encoder(self, registered: ModelRegistered) -> bytes:
        """
        Return a stored sentence model's file.

        Raises:
            HeadError: it is not there, not what was stored, or larger than what replicas take.
            RetryableError: the broker is away.
        """
        stored = registered.encoder
        if stored is None:
            raise HeadError("it was registered without a sentence model")
        if stored.parts * PIECE_BYTES > MOST_ENCODER_BYTES + PIECE_BYTES:
            raise HeadError("its sentence model is larger than what replicas take")
        key = registered.version.encode("ascii")
        parts = await self._parts(Topic.MODEL_ENCODERS, stored, EncoderStored, key)
        for part in parts or ():
            if hashlib.sha256(base64.b64decode(part.content)).hexdigest() != part.sha256:
                raise HeadError(f"part {part.part} of its sentence model is damaged")
        return joined((part.content for part in parts or ()), stored.sha256)

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


def pieces_of(content: bytes) -> list[bytes]:
    """What a file is cut into, so that each piece fits into a record."""
    return [content[at : at + PIECE_BYTES] for at in range(0, len(content), PIECE_BYTES)]


def joined(parts: Iterable[str], sha256: str) -> bytes:
    """
    What Base64 parts make, in their order.

    Raises:
        HeadError: it is not what was stored.
    """
    content = b"".join(map(base64.b64decode, parts))
    if hashlib.sha256(content).hexdigest() != sha256:
        raise HeadError("what the log holds of it is not what was stored (sha256 differs)")
    return content


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
