"""The keeper for work whose effect is not a table: Kafka's own commit is its position."""

from collections.abc import Iterable, Sequence

from consumers.delivery.ports import BatchHandler, Delivered, Offsets, Partition, Prepared
from consumers.delivery.source import Source


class KafkaOffsets:
    """Hands batches to a handler; the loop's commit afterwards is the only trace."""

    def __init__(self, source: Source, handler: BatchHandler) -> None:
        self._source = source
        self._handler = handler

    async def load(self, partitions: Iterable[Partition]) -> Offsets:
        """See `OffsetKeeper`."""
        committed = await self._source.committed(partitions)
        # Afterwards, so that what is prepared is no older than the position.
        if isinstance(self._handler, Prepared):
            await self._handler.prepare()
        return committed

    async def store(self, batch: Sequence[Delivered], upto: Offsets) -> None:
        """See `OffsetKeeper`; the handler owes that a repeat changes nothing."""
        del upto
        if batch:
            await self._handler.handle(batch)
