"""Dead letters as the desk reads them: whole topics, with what their headers say decoded."""

import difflib
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

import typer
from aiokafka import AIOKafkaConsumer, TopicPartition

from cli.tail import Record
from infra.embedded.errors import StackError
from producers.dead_letters import Burial, Headers, Origin, read_buried, read_redriven
from schemas.topics import LANES, Lane, dead_letter_topics, group_of

POLL_MS = 500

DeadLetterTopic = Annotated[
    str, typer.Argument(metavar="TOPIC", help="A dead-letter topic, as `parley dlq list` names it.")
]
Attempts = dict[Origin, int]
"""How often the desk has redriven the record that first stood there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One dead letter; without a burial nobody knows where it came from."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    burial: Burial | None

    @property
    def buried_at(self) -> datetime:
        return datetime.fromtimestamp(self.timestamp / 1000, tz=UTC)

    def is_open(self, attempts: Attempts) -> bool:
        """Whether nothing was tried since it was buried."""
        burial = self.burial
        return burial is None or attempts.get(burial.origin, 0) <= burial.attempt


def lane_of(topic: str) -> Lane:
    """Return the lane of a dead-letter topic; StackError when it is none."""
    for lane in LANES:
        if topic == lane.dead_letters:
            return lane
    near = difflib.get_close_matches(topic, dead_letter_topics(), n=1)
    guess = f"; did you mean {near[0]}?" if near else "; `parley dlq list` names them"
    message = f"{topic!r} is no dead-letter topic{guess}"
    raise StackError(message)


def letter_of(record: Record) -> Letter:
    """Return a record of a dead-letter topic with its headers taken apart."""
    headers, burial = read_buried(record.headers) or (tuple(record.headers), None)
    return Letter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp=record.timestamp,
        key=record.key,
        value=record.value,
        headers=headers,
        burial=burial,
    )


async def letters_of(
    reader: AIOKafkaConsumer, topics: Collection[str], places: Sequence[TopicPartition]
) -> AsyncIterator[Letter]:
    """Yield everything on those of the partitions that belong to these topics."""
    async for record in read_whole(reader, [each for each in places if each.topic in topics]):
        yield letter_of(record)


async def attempts_at(
    reader: AIOKafkaConsumer, lanes: Iterable[Lane], places: Sequence[TopicPartition]
) -> Attempts:
    """Return what was redriven, as the retry topics of these lanes tell."""
    groups = {lane.retries: group_of(lane.consumer) for lane in lanes}
    attempts: Attempts = {}
    async for record in read_whole(reader, [each for each in places if each.topic in groups]):
        if (read := read_redriven(record.headers, groups[record.topic])) is not None:
            _, redrive = read
            attempts[redrive.origin] = max(redrive.attempt, attempts.get(redrive.origin, 0))
    return attempts


async def read_whole(
    reader: AIOKafkaConsumer, places: Sequence[TopicPartition]
) -> AsyncIterator[Record]:
    """Yield what stands on these partitions now, in order within each; later records wait."""
    ends = await reader.end_offsets(places) if places else {}
    begins = await reader.beginning_offsets(places) if places else {}
    unread = {place for place in places if begins[place] < ends[place]}
    if not unread:
        return
    reader.assign(list(unread))
    for place in unread:
        reader.seek(place, begins[place])
    while unread:
        for place, records in (await reader.getmany(timeout_ms=POLL_MS)).items():
            for record in records:
                if record.offset < ends[place]:
                    yield record
        for place in list(unread):
            if await reader.position(place) >= ends[place]:
                reader.pause(place)
                unread.remove(place)
