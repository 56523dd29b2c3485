"""What others are told of a profile."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from uuid import UUID

from consumers.personalization.ports import RECENT, Profile, Sounded
from consumers.personalization.service.portrait import in_short, portrait_of
from schemas.events.profiles import FREQUENT

ADA = UUID("0b7c1a52-5f0e-4b0e-9d57-0d3a0f3b6a01")
AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def sounded(*moods: str) -> Profile:
    """Return a profile of messages with these moods, one an hour."""
    parts = [
        Profile(
            AT + timedelta(hours=hour),
            AT + timedelta(hours=hour),
            messages=1,
            sentiments=Counter([mood]),
            recent=(Sounded(AT + timedelta(hours=hour), mood),),
        )
        for hour, mood in enumerate(moods)
    ]
    whole = parts[0]
    for part in parts[1:]:
        whole += part
    return whole


def test_the_same_profile_is_the_same_event() -> None:
    """Told again, perhaps after a crash, it is a repeat; anything else is another event."""
    profile = sounded("neutral")
    first = portrait_of(ADA, profile, AT)
    assert portrait_of(ADA, profile, AT + timedelta(hours=1)).event_id == first.event_id
    assert portrait_of(ADA, sounded("positive"), AT).event_id != first.event_id
    assert portrait_of(UUID(int=1), profile, AT).event_id != first.event_id


def test_the_most_frequent_intents_come_first() -> None:
    """Five at most; equals by the alphabet, so that a rebuild tells the same."""
    intents = Counter({"b": 2, "a": 2, "c": 9, "d": 1, "e": 1, "f": 1})
    told = portrait_of(ADA, Profile(AT, AT, messages=1, intents=intents), AT)
    assert [each.name for each in told.intents] == ["c", "a", "b", "d", "e"]
    assert len(told.intents) == FREQUENT


def test_the_share_of_a_language_is_told() -> None:
    """Readers decide what share is a habit."""
    languages = Counter({"de": 3, "en": 1})
    told = portrait_of(ADA, Profile(AT, AT, messages=4, languages=languages), AT)
    assert (told.language, told.language_share) == ("de", 0.75)


def test_the_latest_messages_say_how_somebody_sounds_now() -> None:
    """A good year and a bad week are told apart."""
    told = portrait_of(ADA, sounded(*["positive"] * 30, *["negative"] * RECENT), AT)
    assert told.mood is not None
    assert (told.mood.always, told.mood.lately) == (0.5, -1.0)


def test_what_hardly_changes_need_not_be_told() -> None:
    """One more message of the same kind is the same in short; a doubled number is not."""
    short = [in_short(portrait_of(ADA, sounded(*["neutral"] * count), AT)) for count in (4, 5, 8)]
    assert short[0] == short[1] != short[2]
    angry = portrait_of(ADA, sounded("neutral", "neutral", "negative", "negative"), AT)
    assert in_short(angry) != short[0]
