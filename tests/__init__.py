"""Parley's tests; a package so that no installed `tests` can stand in front of it."""
