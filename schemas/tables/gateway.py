"""What the gateway owns: accounts, sessions, knowledge, labels, and the outbox for its events."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from schemas.tables.base import METADATA, Timestamp

users = Table(
    "users",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("email", String(254), nullable=False),
    Column("name", String(80), nullable=False),
    Column("role", String(16), nullable=False, server_default="user"),
    Column("password_hash", Text, nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", Timestamp, nullable=False, server_default=func.now()),
    Column("updated_at", Timestamp, nullable=False, server_default=func.now()),
    CheckConstraint("role in ('user', 'agent', 'analyst', 'admin')", name="role_known"),
)
# Addresses are compared without case, so that one person is one account.
Index("uq_users_email_lower", func.lower(users.c.email), unique=True)

sessions = Table(
    "sessions",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), nullable=False, index=True),
    # Only digests of refresh tokens are kept; `previous` is remembered to notice its reuse.
    Column("token_digest", LargeBinary, nullable=False, unique=True),
    Column("previous_digest", LargeBinary, nullable=True, unique=True),
    Column("rotated_at", Timestamp, nullable=False, server_default=func.now()),
    Column("expires_at", Timestamp, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=func.now()),
    Column("revoked_at", Timestamp, nullable=True),
)

outbox = Table(
    "outbox",
    METADATA,
    Column("id", BigInteger, Identity(), primary_key=True),
    # The writer's transaction: the relay reads only below the oldest one still running,
    # because an identity column alone skips rows whose transaction commits late.
    Column(
        "written_by",
        BigInteger,
        nullable=False,
        server_default=text("(pg_current_xact_id()::text::bigint)"),
    ),
    Column("event_type", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=func.now()),
)

# What an editor says that a question means; without an intent it is not to be learnt from.
training_labels = Table(
    "training_labels",
    METADATA,
    Column("message_id", Uuid, primary_key=True),
    Column("intent", String(80), nullable=True),
    Column("actor_id", Uuid, nullable=False),
    Column("labelled_at", Timestamp, nullable=False),
)

knowledge_documents = Table(
    "knowledge_documents",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("name", String(120), nullable=False, unique=True),
    Column("title", String(120), nullable=False),
    Column("version", Integer, nullable=False),
    # Of what it says; empty once it is removed, so that the same file may come back.
    Column("sha256", String(64), nullable=False),
    Column("sections", Integer, nullable=False),
    Column("author_id", Uuid, nullable=False),
    Column("created_at", Timestamp, nullable=False, server_default=func.now()),
    Column("updated_at", Timestamp, nullable=False, server_default=func.now()),
    Column("removed_at", Timestamp, nullable=True),
)

knowledge_sections = Table(
    "knowledge_sections",
    METADATA,
    Column("id", String(61), primary_key=True),
    Column(
        "document_id",
        ForeignKey("knowledge_documents.id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("position", Integer, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    # Gateways of the version before search here; to be dropped when none of them can run.
    Column(
        "words",
        TSVECTOR,
        Computed(
            "setweight(to_tsvector('english', title), 'A') || to_tsvector('english', text)",
            persisted=True,
        ),
    ),
    Index("ix_knowledge_sections_document_id_position", "document_id", "position"),
    Index("ix_knowledge_sections_words", "words", postgresql_using="gin"),
)
