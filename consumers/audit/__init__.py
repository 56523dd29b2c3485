"""Keeps who did what to what."""
