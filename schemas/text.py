"""Field types shared by events and frames, so that one limit is written once."""

import unicodedata
from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    PlainSerializer,
    StringConstraints,
    WithJsonSchema,
)

MESSAGE_CHARS = 8_000  # what one person may say at once; about four printed pages
REPLY_CHARS = 32_000
LONG_TEXT_CHARS = 50_000  # a text to summarize; what a request's body may hold
FRAME_BYTES = 64 * 1024
NAME_CHARS = 80
TITLE_CHARS = 120
NOTE_CHARS = 500
REF_CHARS = 64
SEARCH_CHARS = 200
REASON_CHARS = 500
EMOJI_CHARS = 16  # code points; the longest of Unicode's recommended sequences has ten


def _without_nul(value: str) -> str:
    # PostgreSQL text and jsonb cannot hold U+0000, so it is refused where it enters.
    if "\x00" in value:
        msg = "must not contain the character U+0000"
        raise ValueError(msg)
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        msg = "must not be blank"
        raise ValueError(msg)
    return value


_JOINER = "\u200d"
_KEYCAP = "\u20e3"
_KEYS = frozenset("0123456789#*")
_TAGS = range(0xE0020, 0xE0080)
_EMOJI_PARTS = frozenset({"So", "Sk", "Sm", "Mn", "Me"})


def _one_emoji(value: str) -> str:
    # No emoji list: it would be older than somebody's keyboard. Symbols and what modifies them.
    symbols = sum(unicodedata.category(each) == "So" or each == _KEYCAP for each in value)
    known = all(
        unicodedata.category(each) in _EMOJI_PARTS
        or each == _JOINER
        or ord(each) in _TAGS
        or (each in _KEYS and _KEYCAP in value)
        for each in value
    )
    if not symbols or not known:
        msg = "must be an emoji"
        raise ValueError(msg)
    return value


def format_instant(value: datetime) -> str:
    """Write a time as RFC 3339 in UTC, always with six decimals, so that strings sort as times."""
    return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


_INSTANT_SCHEMA = {"type": "string", "format": "date-time"}

Instant = Annotated[
    AwareDatetime,
    PlainSerializer(format_instant, return_type=str, when_used="json"),
    WithJsonSchema(_INSTANT_SCHEMA, mode="serialization"),
]
PlainText = Annotated[str, AfterValidator(_without_nul)]
MessageText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MESSAGE_CHARS),
    AfterValidator(_without_nul),
    AfterValidator(_not_blank),
]
ReplyText = Annotated[
    str, StringConstraints(min_length=1, max_length=REPLY_CHARS), AfterValidator(_without_nul)
]
LongText = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=LONG_TEXT_CHARS),
    AfterValidator(_without_nul),
]
PersonName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_CHARS),
    AfterValidator(_without_nul),
]
Words = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=SEARCH_CHARS),
    AfterValidator(_without_nul),
]
Title = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=TITLE_CHARS),
    AfterValidator(_without_nul),
]
Note = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NOTE_CHARS),
    AfterValidator(_without_nul),
]
Reason = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=REASON_CHARS),
    AfterValidator(_without_nul),
]
Emoji = Annotated[
    str, StringConstraints(min_length=1, max_length=EMOJI_CHARS), AfterValidator(_one_emoji)
]
Ref = Annotated[str, StringConstraints(min_length=1, max_length=REF_CHARS)]
