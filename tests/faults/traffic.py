"""People who talk while something breaks: they repeat until accepted, as every client must."""

import asyncio
import itertools
import random
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self
from uuid import UUID, uuid4

from parley_client import Chat, ParleyClient, Thread
from parley_client.conversation import Conversation, Events
from parley_client.credentials import Credentials
from parley_client.rest import SignedIn, User
from schemas.ids import message_id
from tests import exploring
from tests.faults.judge import View
from tests.people import TokenMint
from tests.stack import Stack

QUESTIONS = (
    "where is my order {n}?",
    "I want to return order {n}",
    "my card was charged twice",
    "hello",
    "do you ship to Norway?",
)


LONG_SECONDS = 60.0
"""How long people talk at least in the full matrix."""


@dataclass(frozen=True)
class Load:
    """How much is said; `rate` is messages per second over all people together.

    `seconds` is the least; a longer fault is talked through to its end.
    """

    seed: int = field(default_factory=lambda: exploring.SEED)
    people: int = 12
    rate: float = 30.0
    seconds: float = 5.0
    repeats: float = 0.0
    """Which share of the messages is sent once more, at a random moment, asked for or not."""
    abandons: float = 0.0
    """Which share is said without waiting for the answer."""

    def __str__(self) -> str:
        return f"{self.people} people, {self.rate:g}/s, seed {self.seed}"


@dataclass
class Person:
    """One person with one conversation, and everything they were told of it."""

    user_id: UUID
    credentials: Credentials
    rest: ParleyClient
    chat: Chat
    conversation: Conversation
    events: Events
    thread: Thread
    """What they see of it: everything that their socket said, put together."""
    on_accept: Callable[[], None]
    accepted: set[UUID] = field(default_factory=set)
    seen: list[str] = field(default_factory=list)
    answered: set[UUID] = field(default_factory=set)
    told: dict[UUID, float] = field(default_factory=dict)
    """Questions whose time was up, and when that was said, in seconds since 1970."""
    deadlines: dict[UUID, float] = field(default_factory=dict)
    """Of those: when their time was up."""
    declined: set[UUID] = field(default_factory=set)
    """Questions that the assistant said it will not answer."""
    attempted: set[UUID] = field(default_factory=set)
    accepts: list[tuple[float, float]] = field(default_factory=list)
    """When each message was said, and the seconds until it was accepted."""

    @property
    def late(self) -> frozenset[UUID]:
        """Questions of which everything was said: that time is up, and that nothing comes."""
        return frozenset(self.declined & set(self.told))

    @property
    def slowest_accept(self) -> float:
        """The longest that a message took."""
        return max((took for _, took in self.accepts), default=0.0)

    async def say(self, text: str, *, repeat_after: float | None = None) -> UUID:
        """Say something, hold until it is accepted, however long that takes; return its id."""
        started, client_id = time.monotonic(), uuid4()
        repeating = asyncio.create_task(self._repeat(text, client_id, repeat_after))
        said = await self.conversation.send(text, client_message_id=client_id)
        self.accepted.add(said.message_id)
        self.accepts.append((started, time.monotonic() - started))
        self.on_accept()
        assert await repeating in {None, said.message_id}
        return said.message_id

    async def _repeat(self, text: str, client_id: UUID, after: float | None) -> UUID | None:
        if after is None:
            return None
        await asyncio.sleep(after)
        return (await self.conversation.send(text, client_message_id=client_id)).message_id

    async def mention(self, text: str, patience: float) -> None:
        """Say something and do not stay to hear what comes of it."""
        client_id = uuid4()
        self.attempted.add(message_id(self.user_id, self.conversation.id, client_id))
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self.conversation.send(text, client_message_id=client_id)

    async def listen(self, heard: asyncio.Event) -> None:
        """Note every event; the client has dropped the repeats."""
        async for frame in self.events:
            self.thread.apply(frame)
            if frame["type"] == "answer:overdue":
                # Said by the client itself, not by the log.
                self.told[UUID(frame["in_reply_to"])] = time.time()
                self.deadlines[UUID(frame["in_reply_to"])] = instant(frame["answer_by"])
                heard.set()
                continue
            if frame["type"] == "reply:failed":
                self.declined.add(UUID(frame["in_reply_to"]))
                heard.set()
                continue
            self.seen.append(frame["event_id"])
            if frame["type"] == "reply":
                self.answered.add(UUID(frame["in_reply_to"]))
                heard.set()


def instant(text: str) -> float:
    """Return a frame's time in seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def signed_in(url: str, token: str) -> ParleyClient:
    """Return a client of the gateway that holds this token; it reads what a `reset` left out."""
    client = ParleyClient(url)
    user = User(id=uuid4(), email="bench@example.org", name="Bench", role="user")
    client.signed_in = SignedIn(token=token, user=user, expires_at="")
    return client


def by_turns(urls: Sequence[str], token: str, chance: random.Random) -> Credentials:
    """Sign in at one edge after the other, beginning with any."""
    turns = itertools.cycle(urls)
    for _ in range(chance.randrange(len(urls))):
        next(turns)

    async def credentials() -> tuple[str, dict[str, str]]:
        return next(turns), {"token": token}

    return credentials


class Traffic:
    """People talking on a seeded schedule; use it as an async context manager."""

    def __init__(
        self, stack: Stack, load: Load, *, socket_url: str | Sequence[str] | None = None
    ) -> None:
        urls = socket_url or stack.socket_url
        self._socket_urls = (urls,) if isinstance(urls, str) else tuple(urls)
        self._url = stack.url
        self._load = load
        self._mint = TokenMint(stack.folder.root)
        self._random = random.Random(load.seed)
        self._open = AsyncExitStack()
        self._heard = asyncio.Event()
        self._listening: list[asyncio.Task[None]] = []
        self._enough = asyncio.Event()
        self._accepted_at = 0.0
        self.people: list[Person] = []
        self.said = 0
        self.longest_pause = 0.0
        """The longest time between two accepts, over all people."""

    async def __aenter__(self) -> Self:
        for _ in range(self._load.people):
            user_id = uuid4()
            token = self._mint.token(user_id)
            credentials = by_turns(self._socket_urls, token, self._random)
            rest = await self._open.enter_async_context(signed_in(self._url, token))
            chat = await self._open.enter_async_context(Chat(credentials, rest=rest))
            conversation = await chat.start()
            person = Person(
                user_id,
                credentials,
                rest,
                chat,
                conversation,
                conversation.events(),
                Thread(reader=user_id),
                self._note_accept,
            )
            self.people.append(person)
            self._listening.append(asyncio.create_task(person.listen(self._heard)))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()
        await asyncio.gather(*self._listening)

    async def run(self) -> None:
        """Say everything of the schedule and wait until all of it is accepted."""
        started = self._accepted_at = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as saying:
            for index in itertools.count():
                due = started + index / self._load.rate * self._random.uniform(0.9, 1.0)
                await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
                if self._enough.is_set() and due - started >= self._load.seconds:
                    break
                person = self._random.choice(self.people)
                text = self._random.choice(QUESTIONS).format(n=self._random.randint(1000, 99999))
                if self._random.random() < self._load.abandons:
                    saying.create_task(person.mention(text, self._random.uniform(0.0, 0.05)))
                    continue
                repeats = self._random.random() < self._load.repeats
                after = self._random.uniform(0.0, 1.0) if repeats else None
                saying.create_task(person.say(text, repeat_after=after))
                self.said += 1

    def views(self) -> list[View]:
        """Return what everybody was told so far."""
        return [
            View(
                person.conversation.id,
                frozenset(person.accepted),
                tuple(person.seen),
                late=person.late,
                attempted=frozenset(person.attempted),
            )
            for person in self.people
        ]

    def enough(self) -> None:
        """End the schedule, when its least length has passed."""
        self._enough.set()

    def _note_accept(self) -> None:
        now = asyncio.get_running_loop().time()
        self.longest_pause = max(self.longest_pause, now - self._accepted_at)
        self._accepted_at = now

    async def all_answered(self, patience: float) -> None:
        """Wait until every accepted message has its answer.

        Raises:
            TimeoutError: some are still open after that many seconds.
        """
        async with asyncio.timeout(patience):
            while any(each.accepted - each.answered - each.late for each in self.people):
                self._heard.clear()
                await self._heard.wait()
