"""What others are told of a profile, and whether that differs from what they were told."""

import hashlib
import json
from collections import Counter
from datetime import datetime
from uuid import UUID

from consumers.personalization.ports import Profile
from schemas.events.insights import SentimentLabel
from schemas.events.profiles import FREQUENT, FrequentIntent, Mood, ProfileUpdated
from schemas.ids import profile_event_id

_NUMBER = {SentimentLabel.POSITIVE: 1, SentimentLabel.NEUTRAL: 0, SentimentLabel.NEGATIVE: -1}


def portrait_of(user_id: UUID, profile: Profile, at: datetime) -> ProfileUpdated:
    """The profile as an event; the same profile is the same event, whenever it is told."""
    said = ProfileUpdated(
        event_id=user_id,
        correlation_id=user_id,
        occurred_at=at,
        user_id=user_id,
        version=profile.version,
        messages=profile.messages,
        language=profile.language,
        language_share=_share(profile),
        intents=tuple(FrequentIntent(name=name, count=count) for name, count in _frequent(profile)),
        mood=_mood(profile),
        first_seen_at=profile.first_seen_at,
        last_seen_at=profile.last_seen_at,
    )
    body = said.model_dump_json(exclude={"event_id", "correlation_id", "occurred_at"})
    event_id = profile_event_id(user_id, hashlib.sha256(body.encode()).hexdigest())
    return said.model_copy(update={"event_id": event_id, "correlation_id": event_id})


def in_short(said: ProfileUpdated) -> str:
    """
    What matters of it: equal texts need not be told one after the other.

    Counts, shares and moods move with every message, so they count in steps: a message count when
    it has doubled, a share by the tenth, a mood by the half.
    """
    mood = said.mood and [round(said.mood.always * 2), round(said.mood.lately * 2)]
    matters = (
        said.messages.bit_length(),
        said.language,
        round(said.language_share, 1),
        [each.name for each in said.intents],
        mood,
    )
    return json.dumps(matters)


def _frequent(profile: Profile) -> list[tuple[str, int]]:
    """The most frequent intents, the first of the alphabet among equals."""
    return sorted(profile.intents.items(), key=lambda item: (-item[1], item[0]))[:FREQUENT]


def _share(profile: Profile) -> float:
    if profile.language is None:
        return 0.0
    return round(profile.languages[profile.language] / profile.languages.total(), 4)


def _mood(profile: Profile) -> Mood | None:
    if not profile.sentiments:
        return None
    always = _mean(profile.sentiments)
    # A row from before the latest were kept says nothing else.
    lately = _mean(Counter(each.mood for each in profile.recent)) if profile.recent else always
    return Mood(always=always, lately=lately)


def _mean(moods: Counter[str]) -> float:
    total = sum(_NUMBER[SentimentLabel(mood)] * count for mood, count in moods.items())
    return round(total / moods.total(), 4)
