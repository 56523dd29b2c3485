"""The operator's desk for dead letters: look at them, and put back what can be read by now."""
