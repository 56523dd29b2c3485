"""What the persistence consumer keeps of models: jobs, versions, and which one answers when."""

from sqlalchemy import Boolean, Column, Index, Integer, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from schemas.tables.base import METADATA, Timestamp

training_jobs = Table(
    "training_jobs",
    METADATA,
    Column("job_id", Uuid, primary_key=True),
    Column("model", Text, nullable=False),
    # Jobs from before there were kinds trained heads.
    Column("kind", Text, nullable=False, server_default=text("'head'")),
    Column("actor_id", Uuid, nullable=False),
    # queued, running, succeeded, failed, cancelled
    Column("status", Text, nullable=False),
    Column("example_count", Integer, nullable=False),
    Column("intent_count", Integer, nullable=False),
    Column("extend", Boolean, nullable=False),
    Column("note", Text, nullable=True),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("worker", Text, nullable=True),
    Column("phase", Text, nullable=True),
    Column("done", Integer, nullable=False, server_default=text("0")),
    Column("total", Integer, nullable=False, server_default=text("0")),
    Column("cancel_asked", Boolean, nullable=False, server_default=text("false")),
    Column("error", Text, nullable=True),
    Column("version", Text, nullable=True),
    Column("asked_at", Timestamp, nullable=False),
    Column("started_at", Timestamp, nullable=True),
    Column("finished_at", Timestamp, nullable=True),
    Index("ix_training_jobs_asked_at", "asked_at"),
)

ai_models = Table(
    "ai_models",
    METADATA,
    Column("version", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("engine", Text, nullable=False),
    # registered, promoted, retired
    Column("status", Text, nullable=False),
    # Of the stored head; none for a version that each replica makes from its own knowledge.
    Column("sha256", Text, nullable=True),
    Column("size", Integer, nullable=False),
    Column("intents", JSONB, nullable=False),
    Column("metrics", JSONB, nullable=False),
    Column("job_id", Uuid, nullable=True),
    Column("created_at", Timestamp, nullable=False),
    Column("promoted_at", Timestamp, nullable=True),
    Index("ix_ai_models_created_at", "created_at"),
)

model_promotions = Table(
    "model_promotions",
    METADATA,
    Column("event_id", Uuid, primary_key=True),
    Column("occurred_at", Timestamp, nullable=False),
    Column("model", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("actor_id", Uuid, nullable=False),
    Column("rolled_back", Boolean, nullable=False),
    Index("ix_model_promotions_occurred_at", "occurred_at"),
)
