"""Keep how far what was said has reached people's devices."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; persistence writes it, the gateway reads it."""
    op.create_table(
        "delivery_marks",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("up_to", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "user_id", name=op.f("pk_delivery_marks")),
    )
    op.execute(
        "grant select, insert, update, delete, truncate on delivery_marks to parley_persistence"
    )
    op.execute("grant select on delivery_marks to parley_gateway")


def downgrade() -> None:
    """Take it away."""
    op.drop_table("delivery_marks")
