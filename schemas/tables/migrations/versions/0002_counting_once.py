"""Let views that count drop an event's repeat, and count the languages of a user."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_COUNTING = ("parley_analytics", "parley_personalization")


def upgrade() -> None:
    """Add the table and the column, and grant the roles that count."""
    op.create_table(
        "counted_events",
        sa.Column("group_id", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column(
            "counted_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("group_id", "event_id", name=op.f("pk_counted_events")),
    )
    op.create_index(
        "ix_counted_events_counted_at",
        "counted_events",
        ["counted_at"],
        unique=False,
        postgresql_using="brin",
    )
    op.add_column(
        "user_profiles",
        sa.Column(
            "languages",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
    )
    for role in _COUNTING:
        op.execute(f"grant select, insert, delete on counted_events to {role}")


def downgrade() -> None:
    """Take both away."""
    op.drop_column("user_profiles", "languages")
    op.drop_index("ix_counted_events_counted_at", table_name="counted_events")
    op.drop_table("counted_events")
