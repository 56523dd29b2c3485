"""What the NLP consumer understood of a message."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from schemas.events.chat import ConversationEvent
from schemas.events.envelope import Value
from schemas.events.replies import Share


class SentimentLabel(StrEnum):
    """The mood of a message."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"


class Sentiment(Value):
    """The most likely mood and its probability."""

    label: SentimentLabel
    score: Share


class Entity(Value):
    """Something named in a message; `value` is masked when the type is personal data."""

    type: str
    value: str
    confidence: Share


class Moderation(Value):
    """How abusive a text's words are; `flagged` when `score` is above the assistant's threshold."""

    flagged: bool
    score: Share


class MessageAnalyzed(ConversationEvent):
    """One message's intent, sentiment, entities and language, with each step's time and version."""

    event_type: ClassVar[str] = "insights.message_analyzed.v1"

    message_id: UUID
    user_id: UUID
    intent: str | None
    confidence: Share
    in_scope: bool
    sentiment: Sentiment
    entities: tuple[Entity, ...] = ()
    language: str
    """ISO 639-1, or `und` when it cannot be told."""
    model_version: str
    timings_ms: dict[str, float]
    """Milliseconds per step, in this order: language, moderation, embedding, intent, sentiment,
    entities, response."""
    versions: dict[str, str] = Field(default={})
    """What each step was done with, under the steps' names; empty where the writer was older."""
    moderation: Moderation | None = None
    """None when nobody can judge a text in this language."""
