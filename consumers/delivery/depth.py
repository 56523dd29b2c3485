"""How much lies on the consumer's dead-letter topics, exported by the consumer that owns them."""

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

from aiokafka.errors import KafkaError

from consumers.delivery.ports import Partition
from runtime import metrics
from schemas.topics import DEAD_LETTER_PARTITIONS, LANES, Topic, group_of

if TYPE_CHECKING:
    from consumers.delivery.source import Source

LOOK_EVERY_SECONDS = 15.0
DEADLINE_SECONDS = 5.0


class DeadLetterDepth:
    """Looks from time to time; each member of the group exports the same figures."""

    def __init__(self, consumer: str) -> None:
        self._group = group_of(consumer)
        self._topics: dict[Partition, Topic] = {
            Partition(lane.dead_letters, number): lane.topic
            for lane in LANES
            if lane.consumer == consumer
            for number in range(DEAD_LETTER_PARTITIONS)
        }

    async def watch(self, source: "Source") -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look(source)
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def look(self, source: "Source") -> None:
        """Export what lies there; with the broker away, the last figures stay."""
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                held = await source.held(self._topics)
        except (TimeoutError, KafkaError):
            return
        depths: Counter[Topic] = Counter()
        for partition, records in held.items():
            depths[self._topics[partition]] += records
        for topic, depth in depths.items():
            metrics.dead_letters.labels(self._group, topic).set(depth)
