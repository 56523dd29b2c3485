"""Remembers what is known of people, for answers to those who say too little."""

import sys
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

from schemas.events.profiles import ProfileUpdated

REMEMBERED_PEOPLE = 50_000
# A habit is what somebody does mostly, and has done more than once or twice.
FEWEST = 3
MOSTLY = 0.6
TIMES_AS_OFTEN = 3


@dataclass(frozen=True, slots=True)
class Person:
    """A person's habits; without any the message alone counts."""

    version: int = 0
    language: str | None = None
    """What they mostly write; None when that cannot be told."""
    intents: tuple[tuple[str, int], ...] = ()

    def prefers(self, one: str, other: str) -> str | None:
        """Which of two intents is a habit while the other is not."""
        times = dict(self.intents)
        for intent, rival in ((one, other), (other, one)):
            often, seldom = times.get(intent, 0), times.get(rival, 0)
            if often >= FEWEST and often >= TIMES_AS_OFTEN * seldom:
                return intent
        return None


NOBODY = Person()


class People:
    """
    The habits of those whose profiles came or were asked for last, in memory.

    Profiles may come again and in any order: an older version than the one known changes nothing.
    Calls may come from different threads.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[UUID, Person] = OrderedDict()
        self._lock = Lock()

    def of(self, user_id: UUID | None) -> Person:
        """What is known of somebody."""
        with self._lock:
            person = self._known.get(user_id) if user_id is not None else None
            if person is None or user_id is None:
                return NOBODY
            self._known.move_to_end(user_id)
            return person

    def take(self, profiles: Iterable[tuple[UUID, ProfileUpdated | None]]) -> None:
        """Take in profiles; None stands for somebody of whom nothing may be known any more."""
        with self._lock:
            for user_id, profile in profiles:
                self._take(user_id, profile)

    def _take(self, user_id: UUID, profile: ProfileUpdated | None) -> None:
        if profile is None:
            self._known.pop(user_id, None)
            return
        if profile.version < self._known.get(user_id, NOBODY).version:
            return
        self._known[user_id] = _person(profile)
        self._known.move_to_end(user_id)
        if len(self._known) > REMEMBERED_PEOPLE:
            self._known.popitem(last=False)


def _person(profile: ProfileUpdated) -> Person:
    settled = profile.messages >= FEWEST and profile.language_share >= MOSTLY
    language = profile.language if settled else None
    return Person(
        version=profile.version,
        # The same few names in every profile: one copy of each is enough.
        language=None if language is None else sys.intern(language),
        intents=tuple((sys.intern(each.name), each.count) for each in profile.intents),
    )
