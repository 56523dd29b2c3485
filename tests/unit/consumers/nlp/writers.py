"""A language model that a test leads word by word, and what surrounds it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from consumers.nlp.errors import LanguageModelError
from consumers.nlp.ports import Piece, Prompt, Usage
from consumers.nlp.service.beside import Beside
from consumers.nlp.service.deltas import Deltas
from consumers.nlp.service.drafting import Drafter
from consumers.nlp.service.generations import Generations
from consumers.nlp.service.writer import Writer, WritingLimits
from producers.memory import InMemoryEventPublisher
from runtime.clock import HybridLogicalClock
from schemas.events.replies import Fallback, ReplyDelta
from tests.unit.consumers.nlp.samples import small_moderation


@dataclass
class ScriptedModel:
    """Says these words; waits before the one at `holds_at` until `go` is set."""

    words: Sequence[str] = ("It ", "takes ", "three ", "days.")
    holds_at: int | None = None
    fails_at: int | None = None
    name: str = "scripted"
    go: asyncio.Event = field(default_factory=asyncio.Event)
    prompts: list[Prompt] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    async def write(self, prompt: Prompt, max_tokens: int) -> AsyncGenerator[Piece, None]:
        """Say the words."""
        self.prompts.append(prompt)
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        try:
            for number, word in enumerate(self.words):
                if number == self.fails_at:
                    raise LanguageModelError(Fallback.FAILED)
                if number == self.holds_at:
                    await self.go.wait()
                await asyncio.sleep(0)
                yield Piece(word)
            yield Piece("", Usage(100, len(self.words)))
        finally:
            self.under_way -= 1


@dataclass
class KeptAnswers:
    """A cache in a dictionary."""

    answers: dict[str, str] = field(default_factory=dict)

    async def find(self, key: str) -> str | None:
        """Return what was kept."""
        return self.answers.get(key)

    async def keep(self, key: str, answer: str) -> None:
        """Keep it."""
        self.answers[key] = answer


@dataclass
class Purse:
    """A budget that tells what was taken from it."""

    left: int = 1_000_000

    async def reserve(self, user_id: UUID, tokens: int) -> bool:
        """Take, if there is enough."""
        if tokens > self.left:
            return False
        self.left -= tokens
        return True

    async def give_back(self, user_id: UUID, tokens: int) -> None:
        """Return what was not used."""
        self.left += tokens


@dataclass
class Desk:
    """Everything that writes an answer, with its surroundings in reach of a test."""

    model: ScriptedModel = field(default_factory=ScriptedModel)
    deltas: InMemoryEventPublisher = field(default_factory=InMemoryEventPublisher)
    cache: KeptAnswers = field(default_factory=KeptAnswers)
    purse: Purse = field(default_factory=Purse)
    deadline: float = 10.0
    at_once: int = 2
    waiting: int = 8
    max_chars: int = 2_000
    version: str = "v1"

    def writer(self) -> Writer:
        """Put together what writes."""
        return Writer(
            drafter=Drafter(
                self.model, small_moderation(), max_tokens=64, max_chars=self.max_chars
            ),
            cache=self.cache,
            budget=self.purse,
            limits=WritingLimits(
                deadline=self.deadline, at_once=self.at_once, waiting=self.waiting
            ),
            version=lambda: self.version,
        )

    def generations(self) -> Generations:
        """Put together what writes in conversations."""
        deltas = Deltas(self.deltas, HybridLogicalClock())
        return Generations(self.writer(), deltas, Beside(settle=0.05), lambda _: "Stopped.")

    @property
    def told(self) -> str:
        """The pieces, put together; fails on a gap."""
        text = ""
        for event in self.deltas.events:
            assert isinstance(event, ReplyDelta)
            assert event.offset == len(text)
            text += event.text
        return text
