"""Conversations, messages sent by REST, and history."""
