"""Where a group's topics end now."""

from typing import TYPE_CHECKING

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from consumers.delivery.ports import Offsets, Partition
from runtime.errors import RetryableError
from runtime.kafka import create_reader
from schemas.topics import CATALOGUE, source_of, subscription_of

if TYPE_CHECKING:
    from runtime.settings import KafkaSettings


async def read_ends(settings: "KafkaSettings", client_id: str, consumer: str) -> Offsets:
    """
    Return the end of every partition that holds a record for this consumer to read.

    Raises:
        RetryableError: the broker is away.
    """
    places = [
        TopicPartition(topic, partition)
        for topic in subscription_of(consumer)
        for partition in range(CATALOGUE[source_of(topic)].partitions)
    ]
    reader = create_reader(settings, client_id)
    try:
        await reader.start()
        ends = await reader.end_offsets(places)
        begins = await reader.beginning_offsets(places)
    except (KafkaError, OSError) as error:
        raise RetryableError(f"log ends: {type(error).__name__}") from error
    finally:
        await reader.stop()
    # What was deleted will never be read, so nobody may wait for it.
    return {Partition(*at): end for at, end in ends.items() if begins[at] < end}
