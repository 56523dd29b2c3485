"""Generates what is committed of the contract: goldens and AsyncAPI documents."""
