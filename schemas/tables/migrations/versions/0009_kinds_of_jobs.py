"""Keep what kind of training job each is."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the kind; jobs that are there already trained heads, as far as anybody knows."""
    op.add_column(
        "training_jobs",
        sa.Column("kind", sa.Text(), server_default=sa.text("'head'"), nullable=False),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_column("training_jobs", "kind")
