"""Let editors bring documents into the knowledge base, and find questions nobody answered."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TABLES = ("knowledge_documents", "knowledge_sections")


def upgrade() -> None:
    """Add the tables, which the gateway writes, and an index over handed-over questions."""
    op.create_table(
        "knowledge_documents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("sections", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False
        ),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_documents")),
        sa.UniqueConstraint("name", name=op.f("uq_knowledge_documents_name")),
    )
    op.create_table(
        "knowledge_sections",
        sa.Column("id", sa.String(length=61), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "words",
            TSVECTOR(),
            sa.Computed(
                "setweight(to_tsvector('english', title), 'A') || to_tsvector('english', text)",
                persisted=True,
            ),
            nullable=True,
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["knowledge_documents.id"],
            name=op.f("fk_knowledge_sections_document_id_knowledge_documents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_knowledge_sections")),
    )
    op.create_index(
        "ix_knowledge_sections_document_id_position",
        "knowledge_sections",
        ["document_id", "position"],
    )
    op.create_index(
        "ix_knowledge_sections_words", "knowledge_sections", ["words"], postgresql_using="gin"
    )
    op.create_index(
        "ix_messages_handed_over",
        "messages",
        ["occurred_at", "event_id"],
        postgresql_where=sa.text("type = 'reply' and body ->> 'source' = 'handover'"),
    )
    for table in _TABLES:
        op.execute(f"grant select, insert, update, delete on {table} to parley_gateway")


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_messages_handed_over", "messages")
    for table in reversed(_TABLES):
        op.drop_table(table)
