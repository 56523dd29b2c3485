"""Counts what happens, hour by hour."""
