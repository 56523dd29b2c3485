"""What it stands on: PostgreSQL and the log."""
