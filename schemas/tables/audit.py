"""What the audit consumer owns: who did what to what."""

from sqlalchemy import Column, Index, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from schemas.tables.base import METADATA, Timestamp

admin_logs = Table(
    "admin_logs",
    METADATA,
    Column("event_id", Uuid, primary_key=True),
    Column("occurred_at", Timestamp, nullable=False),
    Column("actor_id", Uuid, nullable=False),
    Column("action", Text, nullable=False),
    Column("target_type", Text, nullable=False),
    Column("target_id", Uuid, nullable=False),
    Column("old", JSONB, nullable=True),
    Column("new", JSONB, nullable=True),
    Index("ix_admin_logs_target_id_occurred_at", "target_id", "occurred_at"),
    Index("ix_admin_logs_actor_id_occurred_at", "actor_id", "occurred_at"),
)
