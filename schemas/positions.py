"""Positions: where in which log a pushed event stands, as `m3:1234`."""

from collections.abc import Iterable
from typing import NamedTuple

from schemas.topics import Topic

_LETTERS = {Topic.CHAT_MESSAGES: "m", Topic.CHAT_REPLIES: "r"}
_TOPICS = {letter: topic for topic, letter in _LETTERS.items()}

PUSHED_TOPICS: tuple[Topic, ...] = tuple(_LETTERS)
"""The topics whose records reach sockets, and can be replayed from a position."""


class Position(NamedTuple):
    """A record's place: topic, partition, offset."""

    topic: Topic
    partition: int
    offset: int

    @property
    def log(self) -> str:
        """The part before the colon: clients keep the newest position of each."""
        return f"{_LETTERS[self.topic]}{self.partition}"

    def __str__(self) -> str:
        """Return the form that travels in frames."""
        return f"{self.log}:{self.offset}"


def parse_position(text: str) -> Position:
    """Read a position from a frame.

    Raises:
        ValueError: it is not of the form `<letter><partition>:<offset>`.
    """
    log, _, offset = text.partition(":")
    topic = _TOPICS.get(log[:1])
    if topic is None or not log[1:].isascii() or not log[1:].isdigit() or not offset.isdigit():
        msg = f"not a position: {text[:40]!r}"
        raise ValueError(msg)
    return Position(topic, int(log[1:]), int(offset))


def reaches(reached: Iterable[Position], needed: Iterable[Position]) -> bool:
    """Whether of every log that is needed at least so much has been reached."""
    newest = {position.log: position.offset for position in reached}
    return all(newest.get(each.log, -1) >= each.offset for each in needed)
