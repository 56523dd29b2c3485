"""Keeps what was said and understood: the history that people read back."""
