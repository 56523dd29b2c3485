"""The consume loop every consumer runs: nothing is lost, nothing blocks, nothing counts twice."""
