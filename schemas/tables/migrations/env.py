"""Alembic's entry: runs the migrations on the connection that the caller brings."""

from alembic import context
from sqlalchemy import Connection

from schemas.tables import METADATA


def run(connection: Connection) -> None:
    """Upgrade inside one transaction, so that a failed migration leaves nothing behind."""
    context.configure(
        connection=connection, target_metadata=METADATA, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
