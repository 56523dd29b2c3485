"""Rules about the code itself that no linter of ours holds."""
