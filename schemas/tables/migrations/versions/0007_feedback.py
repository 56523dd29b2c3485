"""Let people rate answers, and editors label what the assistant is to learn from."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add what persistence writes of ratings, and the gateway of labels."""
    op.create_table(
        "feedback",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("in_reply_to", sa.Uuid(), nullable=False),
        sa.Column("rating", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("message_id", "user_id", name=op.f("pk_feedback")),
    )
    op.create_index("ix_feedback_in_reply_to", "feedback", ["in_reply_to"])
    op.create_index("ix_feedback_occurred_at_event_id", "feedback", ["occurred_at", "event_id"])
    op.create_table(
        "training_labels",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("intent", sa.String(length=80), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("labelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_training_labels")),
    )
    op.execute("grant select, insert, update, delete, truncate on feedback to parley_persistence")
    op.execute("grant select on feedback to parley_gateway")
    op.execute("grant select, insert, update, delete on training_labels to parley_gateway")


def downgrade() -> None:
    """Take them away."""
    op.drop_table("training_labels")
    op.drop_table("feedback")
