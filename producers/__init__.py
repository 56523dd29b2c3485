"""Putting events on Kafka."""
