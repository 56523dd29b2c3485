"""Training jobs and the registry of models."""
