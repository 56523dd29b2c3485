"""How far each consumer group has come, committed with what its records became."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    func,
)

from schemas.tables.base import METADATA, Timestamp

consumer_offsets = Table(
    "consumer_offsets",
    METADATA,
    Column("group_id", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    # The offset of the next record to read; everything below it is in the tables.
    Column("next_offset", BigInteger, nullable=False),
    Column("updated_at", Timestamp, nullable=False, server_default=func.now()),
    PrimaryKeyConstraint("group_id", "topic", "partition"),
)

# For views that count: an event that stands on the log twice, because an edge repeated it, is
# counted once. Rows are kept for days, not for ever (consumers.delivery.counted).
counted_events = Table(
    "counted_events",
    METADATA,
    Column("group_id", Text, nullable=False),
    Column("event_id", Uuid, nullable=False),
    Column("counted_at", Timestamp, nullable=False, server_default=func.now()),
    PrimaryKeyConstraint("group_id", "event_id"),
    # A few pages whatever the table's size, because rows come in the order of this column.
    Index("ix_counted_events_counted_at", "counted_at", postgresql_using="brin"),
)
