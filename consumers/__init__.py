"""Processes that react to the log, one folder each, and the loop they share."""
