"""What the personalization consumer owns: one profile per user, a projection of the log."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    String,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from schemas.tables.base import METADATA, Timestamp

user_profiles = Table(
    "user_profiles",
    METADATA,
    Column("user_id", Uuid, primary_key=True),
    Column("messages", BigInteger, nullable=False, server_default=text("0")),
    Column("first_seen_at", Timestamp, nullable=False),
    Column("last_seen_at", Timestamp, nullable=False),
    # The one this user writes most; the first of the alphabet among equals.
    Column("language", String(8), nullable=True),
    # Intent name to how often this user had it.
    Column("intents", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    # Sentiment label to how often.
    Column("sentiments", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    # Language to how often.
    Column("languages", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    # Time and mood of the latest understood messages, newest last: [[microseconds, label], ...].
    Column("recent", JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    # What was last told of this user, in short; when that was last compared with what there is to
    # tell; and whether anything came since.
    Column("told", Text, nullable=True),
    Column("told_at", Timestamp, nullable=True),
    Column("untold", Boolean, nullable=False, server_default=text("true")),
    Column("updated_at", Timestamp, nullable=False, server_default=func.now()),
    Index("ix_user_profiles_untold", "updated_at", postgresql_where=text("untold")),
)
