"""What the analytics consumer owns: counts per hour, metric and dimension."""

from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, Table, Text

from schemas.tables.base import METADATA, Timestamp

analytics_data = Table(
    "analytics_data",
    METADATA,
    Column("hour", Timestamp, nullable=False),
    # messages, conversations, replies, intents, sentiments, languages
    Column("metric", Text, nullable=False),
    # The metric's breakdown: sender kind, reply source, intent name, ...; empty for a total.
    Column("dimension", Text, nullable=False),
    Column("value", BigInteger, nullable=False),
    PrimaryKeyConstraint("hour", "metric", "dimension"),
)
