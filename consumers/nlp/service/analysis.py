"""What goes into the assistant's head and what comes out, before it becomes events."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol, Self
from uuid import UUID, uuid4

from consumers.nlp.service.heads import IntentGuess
from consumers.nlp.service.moderation import Judgement
from consumers.nlp.service.retrieval import Found
from consumers.nlp.service.sentiment import Tone
from runtime.entities.finding import Entity
from schemas.events.chat import Sender
from schemas.events.replies import Context, Fallback, Moderated, ReplySource, StopReason


class Asked(Protocol):
    """An event that wants an answer: a message, or the wish for another answer to one."""

    @property
    def event_id(self) -> UUID: ...
    @property
    def correlation_id(self) -> UUID: ...
    @property
    def occurred_at(self) -> datetime: ...
    @property
    def conversation_id(self) -> UUID: ...
    @property
    def message_id(self) -> UUID:
        """The question's."""
        ...

    @property
    def sender(self) -> Sender: ...
    @property
    def text(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Heard:
    """What is asked, and the offset at which it stands in its conversation's partition."""

    asked: Asked
    place: int


@dataclass(frozen=True, slots=True)
class Question:
    """A message to understand."""

    conversation_id: UUID
    message_id: UUID
    text: str
    asked_at: datetime
    user_id: UUID | None = None
    """Who asks; their habits count in conversations only."""
    remembered: bool = True
    """Whether the conversation goes on: one question by itself leaves nothing behind."""
    answered: bool = True
    """False when a person answers: nothing is offered or carried on, and habits do not count."""

    @classmethod
    def alone(cls, text: str) -> Self:
        """A message outside of any conversation."""
        return cls(uuid4(), uuid4(), text, datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Screened:
    """A text with personal data masked, and whether it is too abusive for a language model."""

    text: str
    flagged: bool


@dataclass(frozen=True, slots=True)
class Understanding:
    """What the models and rules say about one message."""

    language: str
    intent: IntentGuess
    tone: Tone
    entities: tuple[Entity, ...]
    moderation: Judgement | None = None
    """None in a language that nobody judges."""
    by_habit: bool = False
    """Whether the language is what the person mostly writes, since the message does not say."""

    @property
    def flagged(self) -> bool:
        """Whether its words are too abusive to be given to a language model."""
        return self.moderation is not None and self.moderation.flagged


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say, and what it was made of."""

    text: str
    source: ReplySource
    intent: str | None
    confidence: float
    cited: tuple[Found, ...] = ()
    options: tuple[str, str] | None = None
    """The two intents offered, when the answer is a question back."""
    grounds: tuple[Found, ...] = ()
    """What a language model may make a better answer of; without any it is not asked."""
    model: str | None = None
    """The language model that wrote it."""
    cached: bool = False
    fallback: Fallback | None = None
    moderated: Moderated | None = None
    stopped: StopReason | None = None
    attempt: int | None = None
    withheld: bool = False
    """It is not said, because a person answers."""
    context: tuple[Context, ...] = ()
    """What it rests on beside the message."""

    @property
    def calls_person(self) -> bool:
        """Whether its intent calls a colleague, which not knowing an answer does not."""
        return self.source is ReplySource.HANDOVER and self.intent is not None


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything about one message; `timings_ms` per step, shared steps divided evenly."""

    understanding: Understanding
    answer: Answer
    timings_ms: dict[str, float]
    versions: Mapping[str, str] = field(default_factory=dict)
    """What each step was done with."""
    model_version: str = ""
    """What it was understood with; another version may answer the next message."""

    def saying(self, answer: Answer, seconds: float) -> Self:
        """The same message with an answer that it took this long to write."""
        response = round(self.timings_ms["response"] + seconds * 1_000, 3)
        return replace(self, answer=answer, timings_ms={**self.timings_ms, "response": response})
