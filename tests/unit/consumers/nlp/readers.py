"""Reads topics to their end."""

from consumers.nlp.service.following import Reader


async def catch_up(reader: Reader) -> None:
    """Take in all that stands there."""
    while not reader.caught_up:
        await reader.read()
