"""What is learned of a user."""

import random
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from consumers.personalization.ports import Profile
from consumers.personalization.service.learning import learn
from schemas.events.chat import MessageSent, Sender, SenderKind
from schemas.events.envelope import Event
from schemas.events.insights import MessageAnalyzed
from schemas.generate.examples import EXAMPLES

MESSAGE = next(each for each in EXAMPLES if isinstance(each, MessageSent))
INSIGHT = next(each for each in EXAMPLES if isinstance(each, MessageAnalyzed))


class InMemoryProfiles:
    """Adds profiles up."""

    def __init__(self) -> None:
        self.kept: dict[UUID, Profile] = {}

    async def add(self, seen: Mapping[UUID, Profile]) -> None:
        for user, profile in seen.items():
            self.kept[user] = self.kept[user] + profile if user in self.kept else profile


def later(event: Event, hours: int, **change: object) -> Event:
    return event.model_copy(
        update={"occurred_at": event.occurred_at + timedelta(hours=hours), **change}
    )


async def test_the_order_of_events_does_not_matter() -> None:
    """Topics are read side by side; a rebuild must come out the same."""
    events = [later(MESSAGE, hour) for hour in range(5)]
    events += [later(INSIGHT, hour, language="de" if hour % 2 else "en") for hour in range(5)]
    expected = InMemoryProfiles()
    await learn(expected, events)
    shuffled = InMemoryProfiles()
    random.Random(7).shuffle(events)
    for event in events:
        await learn(shuffled, [event])
    assert shuffled.kept == expected.kept
    profile = expected.kept[MESSAGE.sender.id]
    assert profile.messages == 5
    assert profile.language == "en"
    assert profile.first_seen_at == MESSAGE.occurred_at
    assert profile.last_seen_at == max(event.occurred_at for event in events)


async def test_agents_are_not_profiled() -> None:
    """Only what users write counts as theirs."""
    agent = Sender(id=MESSAGE.sender.id, kind=SenderKind.AGENT, name="Bo")
    profiles = InMemoryProfiles()
    await learn(profiles, [MESSAGE.model_copy(update={"sender": agent})])
    assert not profiles.kept
