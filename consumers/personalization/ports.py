"""What personalization knows of a user, and what it asks of the place it is kept."""

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID

RECENT = 10
"""So many of the latest messages say how somebody sounds lately."""


class Sounded(NamedTuple):
    """When a message was understood, by its own clock, and its mood."""

    at: datetime
    mood: str


@dataclass(frozen=True)
class Profile:
    """One user's habits; adding two profiles of the same user gives one, in any order."""

    first_seen_at: datetime
    last_seen_at: datetime
    messages: int = 0
    intents: Counter[str] = field(default_factory=Counter)
    sentiments: Counter[str] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    recent: tuple[Sounded, ...] = ()
    """The latest messages that were understood, the newest last."""

    @property
    def version(self) -> int:
        """How many facts it was made of."""
        return self.messages + self.sentiments.total()

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
            recent=tuple(sorted((*self.recent, *other.recent))[-RECENT:]),
        )


class Profiles(Protocol):
    """Keeps profiles; concurrent additions to one user are taken one after the other."""

    async def add(self, seen: Mapping[UUID, Profile]) -> None:
        """Add what was seen of these users to what is known of them."""
        ...


@dataclass(frozen=True, slots=True)
class Untold:
    """A profile that has changed since others were told of it."""

    user_id: UUID
    profile: Profile
    changed_at: datetime
    told: str | None
    """What they were told last, in short."""


class Telling(Protocol):
    """The profiles to tell of, as the one teller of the group sees them."""

    async def untold(self, limit: int) -> Sequence[Untold]:
        """Return those that were not looked at lately, the longest unchanged first."""
        ...

    async def settle(self, told: Sequence[tuple[Untold, str | None]]) -> None:
        """Note what was told of each, in short; None when there was nothing worth telling.

        One that has changed meanwhile stays untold.
        """
        ...


class Tellings(Protocol):
    """Where profiles wait; raises RetryableError when it is away."""

    def claim(self) -> AbstractAsyncContextManager[Telling | None]:
        """Become the only teller for the length of the block.

        None when another member is, or while the profiles are not what they were: a rebuild has
        not come to where the log ended when this process started.
        """
        ...
