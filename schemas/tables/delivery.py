"""How far each consumer group has come, committed with the rows its records became."""

from sqlalchemy import BigInteger, Column, Integer, PrimaryKeyConstraint, Table, Text, func

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
