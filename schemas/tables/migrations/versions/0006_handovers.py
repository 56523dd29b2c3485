"""Keep who handles a conversation: the assistant, or a person."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; persistence writes it, the gateway reads it."""
    op.create_table(
        "conversation_handlers",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("handler", sa.String(length=16), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_conversation_handlers")),
    )
    op.execute(
        "grant select, insert, update, delete, truncate on conversation_handlers"
        " to parley_persistence"
    )
    op.execute("grant select on conversation_handlers to parley_gateway")


def downgrade() -> None:
    """Take it away."""
    op.drop_table("conversation_handlers")
