"""Let personalization tell others of a user's profile, once per change."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_COLUMNS: tuple[sa.Column[Any], ...] = (
    sa.Column(
        "recent",
        postgresql.JSONB(astext_type=sa.Text()),
        server_default=sa.text("'[]'::jsonb"),
        nullable=False,
    ),
    sa.Column("told", sa.Text(), nullable=True),
    sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
    # Of the profiles that are there already nobody has been told.
    sa.Column("untold", sa.Boolean(), server_default=sa.text("true"), nullable=False),
)


def upgrade() -> None:
    """Add what was told, and an index over what was not."""
    for column in _COLUMNS:
        op.add_column("user_profiles", column)
    op.create_index(
        "ix_user_profiles_untold",
        "user_profiles",
        ["updated_at"],
        postgresql_where=sa.text("untold"),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_index("ix_user_profiles_untold", "user_profiles")
    for column in reversed(_COLUMNS):
        op.drop_column("user_profiles", column.name)
