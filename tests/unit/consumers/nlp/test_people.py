"""What is known of people, and what counts as a habit."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from consumers.nlp.service import people as module
from consumers.nlp.service.acquaintance import Acquaintance
from consumers.nlp.service.people import NOBODY, People, Person
from runtime.clock import HybridLogicalClock
from schemas.events.profiles import FrequentIntent, ProfileUpdated
from tests.unit.consumers.nlp.readers import catch_up

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
Told = tuple[UUID, ProfileUpdated | None]


def told(user: UUID, *, version: int = 1, messages: int = 10, share: float = 0.9) -> Told:
    """Return what personalization would tell of somebody who writes German."""
    event = ProfileUpdated(
        event_id=uuid4(),
        occurred_at=AT,
        correlation_id=uuid4(),
        user_id=user,
        version=version,
        messages=messages,
        language="de",
        language_share=share,
        intents=(FrequentIntent(name="order_status", count=version),),
        first_seen_at=AT,
        last_seen_at=AT,
    )
    return user, event


def test_the_newest_version_counts() -> None:
    """Profiles may come again, and late."""
    people, ada = People(), uuid4()
    people.take([told(ada, version=5), told(ada, version=3)])
    assert people.of(ada).version == 5


def test_strangers_have_no_habits() -> None:
    """Nothing is made up."""
    assert People().of(uuid4()) == NOBODY
    assert People().of(None) == NOBODY


def test_a_profile_taken_back_is_forgotten() -> None:
    """Somebody who was erased is a stranger at once."""
    people, ada = People(), uuid4()
    people.take([told(ada), (ada, None)])
    assert people.of(ada) == NOBODY
    people.take([(uuid4(), None)])


@pytest.mark.parametrize(("messages", "share"), [(2, 1.0), (10, 0.5)])
def test_a_language_must_be_a_habit(messages: int, share: float) -> None:
    """Two messages, or half of them, do not say what the next will be in."""
    people, ada = People(), uuid4()
    people.take([told(ada, messages=messages, share=share)])
    assert people.of(ada).language is None


def test_who_was_not_seen_for_longest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays bounded; who writes stays known."""
    monkeypatch.setattr(module, "REMEMBERED_PEOPLE", 2)
    people, ada, bo, cy = People(), uuid4(), uuid4(), uuid4()
    people.take([told(ada), told(bo)])
    people.of(ada)
    people.take([told(cy)])
    assert people.of(bo) == NOBODY
    assert people.of(ada) != NOBODY


@pytest.mark.parametrize(
    ("one", "other", "preferred"),
    [(3, 0, "one"), (0, 9, "other"), (9, 3, "one"), (2, 0, None), (9, 4, None), (0, 0, None)],
)
def test_a_habit_is_clearly_more_frequent(one: int, other: int, preferred: str | None) -> None:
    """Three times at least, and three times as often as the rival."""
    person = Person(intents=(("one", one), ("other", other)))
    assert person.prefers("one", "other") == preferred
    assert person.prefers("other", "one") == preferred


class ListedLog:
    """A log whose records are known before."""

    def __init__(self, *batches: list[Told]) -> None:
        self._batches = list(batches)

    @property
    def caught_up(self) -> bool:
        """Whether all of it was given."""
        return not self._batches

    async def poll(self) -> list[Told]:
        """Return the next batch."""
        return self._batches.pop(0)


async def test_the_whole_log_is_read_before_the_first_answer() -> None:
    """And nothing is stamped before what was read of it."""
    people, clock, ada, bo = People(), HybridLogicalClock(), uuid4(), uuid4()
    await catch_up(Acquaintance(ListedLog([told(ada)], [told(bo)]), people, clock))
    assert people.of(ada).language == people.of(bo).language == "de"
    assert clock.stamp() > AT
