"""What is known of a person's habits, for whoever answers or advises them."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from schemas.events.envelope import Event, Value
from schemas.events.replies import Share
from schemas.text import Instant

FREQUENT = 5
"""A profile tells of so many intents at most."""

Count = Annotated[int, Field(ge=0)]


class FrequentIntent(Value):
    """An intent and how often the person had it."""

    name: str
    count: Annotated[int, Field(ge=1)]


class Mood(Value):
    """How a person's messages sound: shares of positive less negative ones, from -1 to 1."""

    always: Annotated[float, Field(ge=-1.0, le=1.0)]
    """Over everything they wrote."""
    lately: Annotated[float, Field(ge=-1.0, le=1.0)]
    """Over their latest messages; less than `always` means that it is getting worse."""


class ProfileUpdated(Event):
    """A person's habits have changed; this is all of them, and replaces what was known.

    The topic is compacted: a person's last record is their profile, a record without a body means
    that nothing is known of them any more.
    """

    event_type: ClassVar[str] = "profiles.profile_updated.v1"
    key_field: ClassVar[str] = "user_id"

    user_id: UUID
    version: Annotated[int, Field(ge=1)]
    """How many facts it was made of; the highest counts."""
    messages: Count
    """How many they wrote, as of this record: a new one alone makes no record."""
    language: str | None = None
    """The one they write most, ISO 639-1."""
    language_share: Share = 0.0
    """The share of their messages that is in it."""
    intents: Annotated[tuple[FrequentIntent, ...], Field(max_length=FREQUENT)] = ()
    """The most frequent first."""
    mood: Mood | None = None
    """None until a message was understood."""
    first_seen_at: Instant
    last_seen_at: Instant
