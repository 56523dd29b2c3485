"""Reads a user's habits out of what they wrote and what was understood of it."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from consumers.personalization.ports import Profile, Profiles, Sounded
from schemas.events.chat import MessageSent, SenderKind
from schemas.events.envelope import Event
from schemas.events.insights import MessageAnalyzed

if TYPE_CHECKING:
    from uuid import UUID


async def learn(profiles: Profiles, events: Iterable[Event]) -> None:
    """Add what new events say about their users; none of them may have been learned before."""
    seen: dict[UUID, Profile] = {}
    for event in events:
        if isinstance(event, MessageSent) and event.sender.kind is SenderKind.USER:
            user, glimpse = event.sender.id, _of_message(event)
        elif isinstance(event, MessageAnalyzed):
            user, glimpse = event.user_id, _of_insight(event)
        else:
            continue
        seen[user] = seen[user] + glimpse if user in seen else glimpse
    if seen:
        await profiles.add(seen)


def _of_message(event: MessageSent) -> Profile:
    return Profile(event.occurred_at, event.occurred_at, messages=1)


def _of_insight(event: MessageAnalyzed) -> Profile:
    return Profile(
        event.occurred_at,
        event.occurred_at,
        intents=Counter([event.intent] if event.intent is not None else []),
        sentiments=Counter([event.sentiment.label.value]),
        languages=Counter([event.language]),
        recent=(Sounded(event.occurred_at, event.sentiment.label.value),),
    )
