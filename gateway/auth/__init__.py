"""Accounts, sessions, access tokens and socket tickets."""
