"""Keep who joined somebody else's conversation, and find those that wait for a person."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, which persistence writes and the gateway reads, and the index."""
    op.create_table(
        "conversation_agents",
        sa.Column("conversation_id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("conversation_id", "agent_id", name=op.f("pk_conversation_agents")),
    )
    op.execute(
        "grant select, insert, update, delete, truncate on conversation_agents"
        " to parley_persistence"
    )
    op.execute("grant select on conversation_agents to parley_gateway")
    op.create_index(
        "ix_conversation_handlers_waiting",
        "conversation_handlers",
        ["since", "conversation_id"],
        postgresql_where=sa.text("handler = 'agent'"),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_index("ix_conversation_handlers_waiting", table_name="conversation_handlers")
    op.drop_table("conversation_agents")
