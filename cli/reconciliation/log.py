"""What stands on the log, in batches: which event each record is, and which were dead-lettered."""

import time
from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from pydantic import BaseModel, ConfigDict, ValidationError

from cli.reconciliation.changes import State, state_of
from schemas import headers as names
from schemas.events.chat import (
    AgentJoined,
    ConversationHandedOver,
    ConversationStarted,
    FeedbackGiven,
    MessageDeleted,
    MessageEdited,
    MessagesDelivered,
    MessageSent,
    MessagesRead,
    ReactionSet,
    ReplyRegenerateAsked,
    ReplyStopAsked,
)
from schemas.events.conversations import (
    ConversationDeleted,
    ConversationEnded,
    ConversationRenamed,
)
from schemas.events.envelope import Event
from schemas.events.insights import MessageAnalyzed
from schemas.events.replies import HandoverAsked, ReplyFailed, ReplyGenerated, ReplyWithheld
from schemas.topics import DEAD_LETTER_RETENTION, EVENT_TYPES, TOPIC_OF

BATCH = 2_000

STORED: frozenset[type[Event]] = frozenset(
    {ConversationStarted, MessageSent, ReplyGenerated, MessageAnalyzed}
)
"""Events that become a row each, under their own id."""
CHANGES: frozenset[type[Event]] = frozenset(
    {
        MessageEdited,
        MessageDeleted,
        ReactionSet,
        FeedbackGiven,
        MessagesRead,
        MessagesDelivered,
        ReplyFailed,
        ReplyWithheld,
        AgentJoined,
        ConversationHandedOver,
        HandoverAsked,
        ConversationRenamed,
        ConversationEnded,
        ConversationDeleted,
        ReplyStopAsked,
        ReplyRegenerateAsked,
    }
)
"""Events without a row of their own: they change rows, the latest of them wins, so that an earlier
one may leave no trace (`changes.state_of`); or they say that there is no answer, which the missing
row says as well; or they ask for something."""
POLL_MS = 1_000


class Entry(NamedTuple):
    """A record's place, and the event it is when it says so."""

    topic: str
    partition: int
    offset: int
    event_id: UUID | None
    expired: bool = False
    """Older than dead letters are kept: the note of an unreadable one may be gone."""
    changes: bool = False
    """It has no row of its own."""
    state: State | None = None
    """What it makes of something."""


class _Identity(BaseModel):
    model_config = ConfigDict(extra="ignore")

    event_id: UUID


def entry(record: "ConsumerRecord[bytes, bytes]") -> Entry:
    """Return a record's place and event."""
    expired = time.time() - record.timestamp / 1_000 > DEAD_LETTER_RETENTION.total_seconds()
    return Entry(record.topic, record.partition, record.offset, *_told(record, expired=expired))


def _told(
    record: "ConsumerRecord[bytes, bytes]", *, expired: bool
) -> tuple[UUID | None, bool, bool, State | None]:
    kind = dict(record.headers).get(names.TYPE)
    try:
        event = EVENT_TYPES.get((kind or b"").decode())
        if event is None or TOPIC_OF[event] != record.topic or record.value is None:
            return None, expired, False, None
        if event in CHANGES:
            change = event.model_validate_json(record.value)
            return change.event_id, expired, True, state_of(change)
        return _Identity.model_validate_json(record.value).event_id, expired, False, None
    except (UnicodeDecodeError, ValidationError):
        return None, expired, False, None


async def entries(
    reader: AIOKafkaConsumer, upto: Mapping[TopicPartition, int]
) -> AsyncIterator[list[Entry]]:
    """Give every record below these offsets, each partition in its order."""
    async for records in _records(reader, upto):
        yield [entry(record) for record in records]


async def excused(
    reader: AIOKafkaConsumer,
    places: list[TopicPartition],
    since: Mapping[tuple[str, int], int] = MappingProxyType({}),
) -> AsyncIterator[list[Entry]]:
    """Give the original places of everything on these dead-letter or retry topics.

    `since` leaves out what stands before an offset: it was worked.
    """
    async for records in _records(reader, await reader.end_offsets(places), since):
        yield [place for record in records if (place := _original(record)) is not None]


def _original(record: "ConsumerRecord[bytes, bytes]") -> Entry | None:
    # The note stands behind the original headers, whatever those are: the last one counts.
    noted = dict(record.headers)
    try:
        topic = noted[names.DEAD_LETTER_TOPIC].decode()
        partition = int(noted[names.DEAD_LETTER_PARTITION])
        return Entry(topic, partition, int(noted[names.DEAD_LETTER_OFFSET]), None)
    except (KeyError, ValueError, AttributeError):
        return None


async def _records(
    reader: AIOKafkaConsumer,
    upto: Mapping[TopicPartition, int],
    since: Mapping[tuple[str, int], int] = MappingProxyType({}),
) -> AsyncIterator[list["ConsumerRecord[bytes, bytes]"]]:
    begins = await reader.beginning_offsets(list(upto))
    begins = {place: max(begin, since.get(tuple(place), 0)) for place, begin in begins.items()}
    left = {place for place, end in upto.items() if begins[place] < end}
    reader.assign(sorted(left))
    for place in left:
        reader.seek(place, begins[place])
    while left:
        polled = await reader.getmany(timeout_ms=POLL_MS, max_records=BATCH)
        found = [
            record
            for place, part in polled.items()
            for record in part
            if record.offset < upto[place]
        ]
        if found:
            yield found
        # By position, not by what was seen: the last offsets may hold no record.
        for place in [each for each in left if await reader.position(each) >= upto[each]]:
            left.discard(place)
            reader.pause(place)
