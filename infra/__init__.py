"""What Parley runs on: the embedded stack, the topics and the database."""
