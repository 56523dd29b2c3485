"""Compares the log with what persistence made of it; also while everything runs."""

from collections.abc import Callable
from dataclasses import dataclass

from aiokafka.partitioner import murmur2

from cli.kafka import log_reader, partitions_of
from cli.reconciliation.log import entries, excused
from cli.reconciliation.tables import ROWS_OF, Snapshot, snapshot
from cli.reconciliation.verdict import PartitionVerdict, Standing, Verdict
from schemas.topics import CATALOGUE, Topic, dead_letter_topic, group_of, retry_topic

CONSUMER = "persistence"
TOPICS = list(ROWS_OF)
DEAD_LETTERS = [dead_letter_topic(topic, CONSUMER) for topic in TOPICS]
RETRIES = [retry_topic(topic, CONSUMER) for topic in TOPICS]
Advance = Callable[[int, int], None]
"""Told how many records were read, of how many."""


@dataclass(frozen=True)
class Place:
    """Where log and tables are."""

    bootstrap_servers: str
    database_url: str


async def reconcile(where: Place, advance: Advance = lambda _, __: None) -> Verdict:
    """Compare everything that persistence has worked so far.

    Memory stays small however long the log is: it is copied in batches into a temporary table
    beside the rows, and the database compares.
    """
    async with snapshot(where.database_url) as tables:
        found = await _read(where.bootstrap_servers, tables, advance)
        for topic in TOPICS:
            await _compare(topic, tables, found)
        async for change in tables.changed.standing():
            found[_place_of(change)].see(change)
    return Verdict(list(found.values()))


Found = dict[tuple[str, int], PartitionVerdict]


async def _read(servers: str, tables: Snapshot, advance: Advance) -> Found:
    positions = await tables.positions(group_of(CONSUMER))
    places = await partitions_of(servers, [topic.value for topic in TOPICS])
    found = {
        (place.topic, place.partition): PartitionVerdict(place.topic, place.partition)
        for place in sorted(places)
    }
    async with log_reader(servers) as reader:
        begins, ends = await reader.beginning_offsets(places), await reader.end_offsets(places)
        # A log that ends before the position has lost records: their rows come out unexpected.
        upto = {each: min(positions.get(tuple(each), 0), ends[each]) for each in places}
        total, read = sum(max(0, upto[each] - begins[each]) for each in places), 0
        async for batch in entries(reader, upto):
            await tables.add(batch)
            for each in batch:
                found[each.topic, each.partition].records += 1
                found[each.topic, each.partition].changes += each.changes
            read += len(batch)
            advance(read, total)
        async for buried in excused(reader, await partitions_of(servers, DEAD_LETTERS)):
            await tables.excuse(buried)
        # What waits for another try has no row yet, and will have one or a dead letter.
        waiting = await partitions_of(servers, RETRIES)
        async for parked in excused(reader, waiting, positions):
            await tables.excuse(parked)
    for place, end in upto.items():
        found[place.topic, place.partition].upto = end
    await tables.ready()
    return found


async def _compare(topic: Topic, tables: Snapshot, found: Found) -> None:
    async for event in tables.kept(topic):
        found[event.topic, event.partition].take(event)
    for each in found.values():
        if each.topic == topic:
            each.repeats = each.records - each.changes - each.events - each.excused
    async for event_id, key in tables.unexpected(topic):
        found[topic.value, partition_of(str(key).encode(), topic)].blame(event_id)
    async for subject, place, more in tables.doubled(topic):
        found[topic.value, partition_of(place.encode(), topic)].double(subject, more)


def _place_of(change: Standing) -> tuple[str, int]:
    if change.topic is not None and change.partition is not None:
        return change.topic, change.partition
    # Nearly all changes are people's: a row that nothing on the log accounts for is counted there.
    return Topic.CHAT_MESSAGES, partition_of(str(change.key).encode(), Topic.CHAT_MESSAGES)


def partition_of(key: bytes, topic: Topic) -> int:
    """Return where records of this key stand, by Kafka's own rule."""
    return int((murmur2(key) & 0x7FFFFFFF) % CATALOGUE[topic].partitions)
