"""Let conversations be renamed, ended and deleted."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_CHANGED = ("message_changes", "feedback")
"""What has to be found by conversation when one is deleted."""


def upgrade() -> None:
    """Add the columns and the table; persistence writes them, the gateway reads the columns."""
    op.add_column("conversations", sa.Column("titled_at", sa.DateTime(timezone=True)))
    op.add_column("conversations", sa.Column("title_id", sa.Uuid()))
    op.add_column("conversations", sa.Column("ended_at", sa.DateTime(timezone=True)))
    op.add_column("conversations", sa.Column("deleted_at", sa.DateTime(timezone=True)))
    op.create_table(
        "conversation_changes",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=True),
        sa.Column("titled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("title_id", sa.Uuid(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_conversation_changes")),
    )
    for table in _CHANGED:
        op.create_index(f"ix_{table}_conversation_id", table, ["conversation_id"])
    op.execute(
        "grant select, insert, update, delete, truncate on conversation_changes"
        " to parley_persistence"
    )


def downgrade() -> None:
    """Take them away."""
    for table in _CHANGED:
        op.drop_index(f"ix_{table}_conversation_id", table)
    op.drop_table("conversation_changes")
    for column in ("deleted_at", "ended_at", "title_id", "titled_at"):
        op.drop_column("conversations", column)
