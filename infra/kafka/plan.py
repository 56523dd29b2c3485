"""What every topic should look like on the broker; pure, so that it can be tested and printed."""

from dataclasses import dataclass, field
from datetime import timedelta

from schemas.topics import (
    CATALOGUE,
    CLOCK_TOPIC,
    DEAD_LETTER_PARTITIONS,
    DEAD_LETTER_RETENTION,
    LANES,
    RETRY_RETENTION,
    TopicSpec,
)

FOR_EVER = "-1"
SEGMENT_AGE = timedelta(hours=1)
"""What is kept for less than this needs segments that close as soon."""
COMPACTED_SEGMENT = timedelta(days=1)
CLOCK_RETENTION = timedelta(hours=1)
# The largest record a broker takes by default is 1 MiB; its dead letter is that and a few headers
# more (consumers.delivery.dead_letter), also on its way back. Refused, it would hold up its
# partition for ever.
DEAD_LETTER_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class TopicPlan:
    """One topic as it should be."""

    name: str
    partitions: int
    replication: int
    config: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Drift:
    """One difference between the broker and the catalogue."""

    topic: str
    what: str
    wanted: str
    found: str

    @property
    def breaks_order(self) -> bool:
        """Other partitions mean that keys live elsewhere: no setting can mend that."""
        return self.what == "partitions"


def plan_topics(replication: int) -> list[TopicPlan]:
    """Return every topic of the catalogue, dead letters and retries included."""
    # One replica may be away without stopping writes, none may lag behind an acknowledged one.
    durable = {
        "min.insync.replicas": str(max(1, replication - 1)),
        "cleanup.policy": "delete",
        # The broker dates records: a writer's clock decides neither how long they are kept nor
        # from where they are read.
        "message.timestamp.type": "LogAppendTime",
    }

    def plan(name: str, partitions: int, retention: timedelta | None, **more: str) -> TopicPlan:
        config = durable | _kept(retention) | more
        return TopicPlan(name=name, partitions=partitions, replication=replication, config=config)

    def catalogued(name: str, spec: TopicSpec) -> TopicPlan:
        return plan(name, spec.partitions, spec.retention, **_cleaned(spec))

    large = {"max.message.bytes": str(DEAD_LETTER_BYTES)}
    return [
        *(catalogued(topic.value, spec) for topic, spec in CATALOGUE.items()),
        *(
            plan(lane.dead_letters, DEAD_LETTER_PARTITIONS, DEAD_LETTER_RETENTION, **large)
            for lane in LANES
        ),
        # A key keeps the partition that it has on the topic itself.
        *(
            plan(lane.retries, CATALOGUE[lane.topic].partitions, RETRY_RETENTION, **large)
            for lane in LANES
        ),
        plan(CLOCK_TOPIC, 1, CLOCK_RETENTION),
    ]


def compare(plan: TopicPlan, partitions: int, replicas: int, config: dict[str, str]) -> list[Drift]:
    """Return where an existing topic differs from its plan."""
    wanted = {
        "partitions": str(plan.partitions),
        "replication": str(plan.replication),
        **plan.config,
    }
    found = {"partitions": str(partitions), "replication": str(replicas), **config}
    return [
        Drift(topic=plan.name, what=what, wanted=value, found=found.get(what, "nothing"))
        for what, value in wanted.items()
        if found.get(what) != value
    ]


def _cleaned(spec: TopicSpec) -> dict[str, str]:
    if not spec.compacted:
        return {}
    # Only closed segments are cleaned, and who starts reads the open one record by record.
    return {"cleanup.policy": "compact", "segment.ms": _milliseconds(COMPACTED_SEGMENT)}


def _kept(retention: timedelta | None) -> dict[str, str]:
    kept = {"retention.ms": _milliseconds(retention)}
    if retention is not None and retention < SEGMENT_AGE:
        # Only closed segments are deleted, and one stays open for a week unless told otherwise.
        kept["segment.ms"] = kept["retention.ms"]
    return kept


def _milliseconds(retention: timedelta | None) -> str:
    return FOR_EVER if retention is None else str(retention // timedelta(milliseconds=1))
