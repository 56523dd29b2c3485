"""People who change what was said, each change repeated until accepted, and what must come of it.

A change is an effect in a history: words that are others now, an emoji that is there.
Effects are counted, so that one which is missing and one too many both show.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

from parley_client import Conversation, ParleyClient, Thread
from parley_client.thread import Shown

Effects = Counter[tuple[str, ...]]
EMOJIS = ("👍", "🎉", "👀")
RATINGS = ("up", "down")
WAYS = {"edit": 4, "react": 4, "rate": 2, "read": 2, "delete": 1}
"""What is done, and how often beside the others."""


class History(NamedTuple):
    """A whole history as the gateway tells it, however many pages that took."""

    items: list[dict[str, Any]]
    read: list[dict[str, Any]]

    def effects(self) -> Effects:
        """Return every change that it shows."""
        found = Effects(
            ("read", str(each["user_id"]), str(each["message_id"])) for each in self.read
        )
        for item in self.items:
            found.update(_effects_in(item))
        return found

    def thread(self, reader: UUID) -> Thread:
        """Return what it looks like."""
        return Thread.of(self.items, self.read, reader=reader)


def _effects_in(item: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    message = str(item["message_id"])
    if item.get("deleted"):
        yield "delete", message
    elif item.get("edited_at"):
        yield "edit", message, str(item["text"])
    for reaction in item["reactions"]:
        yield "react", message, str(reaction["user_id"]), str(reaction["emoji"])
    if item.get("rating"):
        yield "rate", message, str(item["rating"])


async def fetched(rest: ParleyClient, conversation_id: UUID) -> History:
    """Return a fresh history."""
    page = await rest.history(conversation_id, limit=100)
    items, read = [*page.items], [*page.read]
    while page.next is not None:
        page = await rest.history(conversation_id, before=page.next, limit=100)
        items = [*page.items, *items]
    return History(items, read)


@dataclass
class Editor:
    """One person who changes things, one after the other, and what was accepted of it."""

    user_id: UUID
    conversation: Conversation
    thread: Thread
    chance: random.Random
    accepted: int = 0
    _texts: dict[str, str] = field(default_factory=dict)
    _deleted: set[str] = field(default_factory=set)
    _emojis: dict[tuple[str, str], bool] = field(default_factory=dict)
    _ratings: dict[str, str] = field(default_factory=dict)
    _read: str | None = None

    async def work(self, pause: float, enough: asyncio.Event) -> None:
        """Change something every so many seconds, until it is enough."""
        while not enough.is_set():
            await asyncio.sleep(self.chance.uniform(0, 2 * pause))
            await self.change()

    async def change(self) -> None:
        """Do something to anything that is shown, and hold until it is accepted.

        Raises:
            RejectedError: it never will be, though it is allowed.
        """
        order = self.thread.shown
        shown = [each for each in order if each.message_id not in self._deleted]
        own = [each for each in shown if each.sender_id == str(self.user_id)]
        answers = [each for each in shown if each.sender_id != str(self.user_id)]
        [way] = self.chance.choices(list(WAYS), list(WAYS.values()))
        about = answers if way == "rate" else shown if way == "react" else own
        if about:
            await self._do(way, self.chance.choice(about), [each.message_id for each in order])
            self.accepted += 1

    async def _do(self, way: str, about: Shown, order: list[str]) -> None:
        message, name = UUID(about.message_id), about.message_id
        match way:
            case "edit":
                text = f"in other words {self.accepted}"
                await self.conversation.edit(message, text)
                self._texts[name] = text
            case "react":
                emoji = self.chance.choice(EMOJIS)
                active = not self._emojis.get((name, emoji), False)
                await self.conversation.react(message, emoji, active=active)
                self._emojis[name, emoji] = active
            case "rate":
                rating = self.chance.choice(RATINGS)
                await self.conversation.rate(message, rating)
                self._ratings[name] = rating
            case "read":
                await self.conversation.mark_read(message)
                self._read = max(self._read or name, name, key=order.index)
            case "delete":
                await self.conversation.delete(message)
                self._deleted.add(name)

    def effects(self) -> Effects:
        """Return what a history has to show of all this, and not more."""
        me = str(self.user_id)
        expected = Effects(("delete", each) for each in self._deleted)
        there = {name: text for name, text in self._texts.items() if name not in self._deleted}
        expected.update(("edit", name, text) for name, text in there.items())
        expected.update(
            ("react", name, me, emoji)
            for (name, emoji), active in self._emojis.items()
            if active and name not in self._deleted
        )
        expected.update(("rate", name, rating) for name, rating in self._ratings.items())
        if self._read is not None:
            expected["read", me, self._read] += 1
        return expected
