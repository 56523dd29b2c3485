"""Asking the assistant over REST: short questions through the log, answers to who asked."""
