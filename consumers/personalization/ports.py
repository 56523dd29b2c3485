"""What personalization knows of a user, and what it asks of the place it is kept."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True)
class Profile:
    """One user's habits; adding two profiles of the same user gives one, in any order."""

    first_seen_at: datetime
    last_seen_at: datetime
    messages: int = 0
    intents: Counter[str] = field(default_factory=Counter)
    sentiments: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)

    @property
    def language(self) -> str | None:
        """The language written most; the first of the alphabet among equals."""
        return min(self.languages, key=lambda name: (-self.languages[name], name), default=None)

    def __add__(self, other: "Profile") -> "Profile":
        return Profile(
            first_seen_at=min(self.first_seen_at, other.first_seen_at),
            last_seen_at=max(self.last_seen_at, other.last_seen_at),
            messages=self.messages + other.messages,
            intents=self.intents + other.intents,
            sentiments=self.sentiments + other.sentiments,
            languages=self.languages + other.languages,
        )


class Profiles(Protocol):
    """Keeps profiles; concurrent additions to one user are taken one after the other."""

    async def add(self, seen: Mapping[UUID, Profile]) -> None:
        """Add what was seen of these users to what is known of them."""
        ...
