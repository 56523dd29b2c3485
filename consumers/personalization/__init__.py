"""Keeps a profile per user: how much they write, about what, in which mood and language."""
