"""What the assistant's routes take and answer."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from schemas.events.ai import MOST_SENTENCES, MOST_TURNS, Turn
from schemas.events.insights import Entity, Moderation, SentimentLabel
from schemas.events.replies import (
    Citation,
    Fallback,
    Moderated,
    ReplySource,
    Share,
    StopReason,
    Why,
)
from schemas.text import Instant, LongText, MessageText, PersonName


class Question(BaseModel):
    """A request body; unknown fields are ignored, never applied."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    request_id: UUID | None = None
    """Asking again under the same id, with the same body, gives the same answer for minutes."""


class TextQuestion(Question):
    """A text to understand or to answer."""

    text: MessageText


class SummaryMessage(BaseModel):
    """Something said."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    speaker: PersonName | None = None
    text: MessageText

    def turn(self) -> Turn:
        """Return it as the assistant takes it."""
        return Turn(speaker=self.speaker or "", text=self.text)


class SummaryQuestion(Question):
    """What to summarize: one of my conversations, messages, or a text."""

    conversation_id: UUID | None = None
    messages: Annotated[tuple[SummaryMessage, ...], Field(max_length=MOST_TURNS)] | None = None
    text: LongText | None = None
    sentences: Annotated[int, Field(ge=1, le=MOST_SENTENCES)] = 3

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        given = [self.conversation_id, self.messages, self.text]
        if sum(each is not None for each in given) != 1:
            message = "give one of conversation_id, messages and text"
            raise ValueError(message)
        return self


class View(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True)


class ProcessingMetadata(View):
    """Milliseconds per part of the work, when it was done and with what, and what to beware of."""

    nlp_processing: float
    """Language, moderation, sentence vector and entities."""
    intent_analysis: float
    sentiment_analysis: float
    response_generation: float
    timestamp: Instant
    moderation: Moderation | None = None
    """How abusive the message is; None when nobody can judge a text in its language."""
    versions: dict[str, str] = Field(default={})
    """What each step was done with."""
    why: Why | None = None
    stopped: StopReason | None = None
    """Set when a language model's text ends early."""


class ProcessedMessage(View):
    """Everything about one message; personal data among the entities is masked."""

    response: str
    confidence: Share
    intent: str | None
    """None when it is about nothing that is known."""
    sentiment: SentimentLabel
    entities: tuple[Entity, ...]
    metadata: ProcessingMetadata


class SentimentView(View):
    """The mood of a text, its probability, and the probability of every mood."""

    label: SentimentLabel
    score: Share
    scores: dict[SentimentLabel, Share]
    language: str
    model_version: str


class IntentAlternative(View):
    """What else a text may want."""

    intent: str
    confidence: Share


class IntentView(View):
    """What a text wants; `intent` is null when it is out of scope."""

    intent: str | None
    confidence: Share
    in_scope: bool
    alternatives: tuple[IntentAlternative, ...]
    language: str
    model_version: str


class GeneratedResponse(View):
    """An answer, and what it was made of."""

    response: str
    source: ReplySource
    confidence: Share
    intent: str | None
    citations: tuple[Citation, ...]
    options: tuple[str, ...]
    """The intents offered, when the answer is a question back."""
    model_version: str
    moderation: Moderation | None = None
    """How abusive the question is; None when nobody can judge a text in its language."""
    why: Why | None = None
    """With `fallback` set the response takes the place of any pieces that were told."""
    stopped: StopReason | None = None
    """Set when a language model's text ends early."""


class ResponsePieceView(View):
    """The next words of an answer, in the order of `sequence`."""

    sequence: int
    text: str


class KeyMessageView(View):
    """A sentence that stands for the rest; `message_id` when it is from a conversation."""

    speaker: str
    text: str
    score: float
    message_id: UUID | None = None
    said_at: Instant | None = None


class SummaryView(View):
    """A summary, and the key messages in the order in which they were said."""

    summary: str
    method: str
    """`extractive`: the key messages, word for word. `abstractive`: a language model's words."""
    key_messages: tuple[KeyMessageView, ...]
    messages: int
    """How many messages were read."""
    model_version: str | None
    stopped: StopReason | None = None
    """Set when a language model's text ends early."""
    fallback: Fallback | None = None
    """Why a language model that was to write the summary did not."""
    moderated: Moderated | None = None
    """Set when `fallback` is `guarded` because of abusive words."""


class ModelView(View):
    """A model that answers now; `accuracy` is its share of held-out sentences, if measured."""

    name: str
    version: str
    kind: str
    accuracy: Share | None
    loaded_at: Instant


class ModelList(View):
    """What is loaded in the process that answered."""

    items: tuple[ModelView, ...]
