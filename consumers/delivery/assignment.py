"""Which partitions are this member's, and from where it reads them."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

import structlog
from aiokafka import ConsumerRebalanceListener

from consumers.delivery.ports import Partition
from runtime import metrics

if TYPE_CHECKING:
    from consumers.delivery.commit import Commits
    from consumers.delivery.parking import Lanes
    from consumers.delivery.ports import OffsetKeeper, Offsets
    from consumers.delivery.progress import Progress
    from consumers.delivery.source import Source

# Below the group's rebalance timeout (source.REBALANCE_TIMEOUT_MS), with room for a commit.
HANDBACK_DEADLINE_SECONDS = 20.0

logger = structlog.get_logger(__name__)


class Assignment(ConsumerRebalanceListener):  # type: ignore[misc]
    """Owns a partition from when its position is looked up until it is taken away."""

    def __init__(
        self,
        source: "Source",
        commits: "Commits",
        halt: asyncio.Event,
        lanes: "Lanes",
        progress: "Progress",
    ) -> None:
        self._source = source
        self._progress = progress
        self._lanes = lanes
        self._commits = commits
        self._halt = halt
        self._stopping = False
        self._unplaced: set[Partition] = set()
        self._owned: set[Partition] = set()
        self._behind: dict[Partition, tuple[Partition, int]] = {}
        """Retry partitions with parked records: the topic's partition that waits until they are
        read again, and up to where that is."""
        self._stemmed: set[Partition] = set()
        self.idle = asyncio.Event()
        self.idle.set()
        self.generation = 0
        """Changes when partitions are taken away: older work is not ours to commit."""
        self.seen = False
        """Whether there was an assignment at all."""

    def owns(self, partition: Partition) -> bool:
        """Whether records of this partition may be worked."""
        return partition in self._owned

    @property
    def settled(self) -> bool:
        """Whether it owns partitions and has placed all of them."""
        return bool(self._owned) and not self._unplaced

    @property
    def unplaced(self) -> bool:
        """Whether there are partitions whose position is not looked up yet."""
        return bool(self._unplaced)

    def stop(self) -> None:
        """End every wait, and let no new assignment revive it."""
        self._stopping = True
        self._halt.set()

    def displace(self) -> None:
        """Look every position up again."""
        self._source.pause(self._owned)
        self._unplaced, self._owned = self._unplaced | self._owned, set()

    async def place(self, keeper: "OffsetKeeper") -> "Offsets":
        """Seek to where the keeper says, and only then read.

        Raises:
            RetryableError: the keeper cannot tell now.
        """
        unplaced = self._unplaced
        stored = await keeper.load(unplaced)
        if unplaced is self._unplaced:
            positions = await self._source.seek({each: stored.get(each) for each in unplaced})
        if unplaced is not self._unplaced:
            # A rebalance came in between: these may be someone else's by now.
            return {}
        behind = await self._parked(positions, stored)
        if unplaced is not self._unplaced:
            return {}
        self._behind = behind
        self._source.resume(unplaced - {waits for waits, _ in behind.values()})
        self._owned |= unplaced
        self._unplaced, self._stemmed = set(), set()
        return positions

    async def _parked(
        self, positions: "Offsets", stored: "Offsets"
    ) -> dict[Partition, tuple[Partition, int]]:
        """Return what was parked before: it stands before what the topic itself has next."""
        # A topic that is read from its beginning (a rebuild) comes to the parked records itself.
        sources = {
            retries: topic
            for retries, topic in self._lanes.sources(set(positions)).items()
            if topic in stored
        }
        if not sources:
            return {}
        ends, held = await self._source.ends(sources), await self._source.held(sources)
        return {
            retries: (topic, ends[retries])
            for retries, topic in sources.items()
            if positions[retries] < ends[retries] and held[retries]
        }

    def reached(self, upto: "Offsets") -> None:
        """Let a topic's partition go on once what was parked of it has been read again."""
        for retries in [each for each in self._behind if each in upto]:
            topic, end = self._behind[retries]
            if upto[retries] >= end:
                del self._behind[retries]
                if not self._stemmed:
                    self._source.resume({topic} & self._owned)

    def stem(self, *, full: bool) -> None:
        """Read nothing new while too much is parked."""
        if full == bool(self._stemmed) or not self.settled:
            return
        topics = self._owned - set(self._lanes.sources(self._owned))
        if full:
            self._stemmed = topics
            self._source.pause(topics)
        else:
            self._stemmed = set()
            self._source.resume(topics - {waits for waits, _ in self._behind.values()})

    async def on_partitions_revoked(self, revoked: Iterable[tuple[str, int]]) -> None:
        """Finish or leave the batch under way, commit, and let go."""
        self._owned, self._unplaced, self._behind = set(), set(), {}
        self._progress.revoked()
        self._halt.set()
        try:
            async with asyncio.timeout(HANDBACK_DEADLINE_SECONDS):
                await self.idle.wait()
        except TimeoutError:
            logger.warning("handed_back_unfinished", partitions=len(list(revoked)))
        await self._commits.flush()
        self._commits.forget()
        self.generation += 1

    async def on_partitions_assigned(self, assigned: Iterable[tuple[str, int]]) -> None:
        """Hold the new partitions until they are placed."""
        self._unplaced = {Partition(*each) for each in assigned}
        self._owned = set()
        self._source.pause(self._unplaced)
        self.seen = True
        self._progress.assigned()
        metrics.rebalances.labels(self._lanes.group).inc()
        if not self._stopping:
            self._halt.clear()
        logger.info("assigned", partitions=len(self._unplaced))
