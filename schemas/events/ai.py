"""Short questions of a gateway to the assistant, and the answers that come back to that gateway.

Requests are keyed by their id, so that a repeat reaches the process that remembers the answer.
Answers go to the partition that the asking gateway has leased (ADR 0021), whatever their key.
"""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from schemas.events.envelope import Event, Value
from schemas.events.insights import Entity, Moderation, Sentiment, SentimentLabel
from schemas.events.replies import (
    Citation,
    Fallback,
    Moderated,
    ReplySource,
    Share,
    StopReason,
    Why,
)
from schemas.text import Instant, MessageText, PlainText, ReplyText, Words

REPLY_PARTITIONS = 16
"""So many gateways can ask at once; fixed when the topic is made."""

MOST_TURNS = 200
MOST_SENTENCES = 10
MOST_SNIPPETS = 50
"""With all of them as long as can be, it is still one record."""


class AiEvent(Event):
    """A request or an answer; both carry where answers go."""

    key_field: ClassVar[str] = "request_id"

    request_id: UUID
    """The same for a repeat: whoever asks again gets the same answer."""
    reply_partition: Annotated[int, Field(ge=0, lt=REPLY_PARTITIONS)]
    reply_fence: Annotated[int, Field(ge=0)]
    """The number of the lease under which the partition was the asking gateway's."""


class AiRequest(AiEvent):
    """A question; reply partition, fence and `answer_by` are stamped by the gateway alone."""

    answer_by: Instant
    """Nobody waits any longer: work not begun by then is dropped and counted."""

    @property
    def deadline(self) -> datetime | None:
        """Also in the record's headers."""
        return self.answer_by


class WritingRequest(AiRequest):
    """A question whose answer a language model may write."""

    user_id: UUID | None = None
    """Who asks, and so whose budget pays; without it no language model is asked."""


class AiReply(AiEvent):
    """An answer, or a piece of one: `sequence` counts from 0, `last` ends it."""

    sequence: Annotated[int, Field(ge=0)] = 0
    last: bool = True

    @property
    def partition(self) -> int | None:
        """The asking gateway's own."""
        return self.reply_partition


class ProcessMessage(WritingRequest):
    """Understand a message and say what the answer would be."""

    event_type: ClassVar[str] = "ai.process_message.v1"

    text: MessageText


class ReadSentiment(AiRequest):
    """Tell the mood of a text."""

    event_type: ClassVar[str] = "ai.read_sentiment.v1"

    text: MessageText


class ReadIntent(AiRequest):
    """Tell what a text wants."""

    event_type: ClassVar[str] = "ai.read_intent.v1"

    text: MessageText


class GenerateResponse(WritingRequest):
    """Answer a message, in pieces when `stream` is set."""

    event_type: ClassVar[str] = "ai.generate_response.v1"

    text: MessageText
    stream: bool = False


class Turn(Value):
    """Something said, and by whom as the summary shall name them."""

    speaker: PlainText
    text: PlainText


class Summarize(WritingRequest):
    """Tell the key messages of what was said, the oldest first."""

    event_type: ClassVar[str] = "ai.summarize.v1"

    turns: tuple[Turn, ...]
    """At least one; the gateway sends `MOST_TURNS` at most."""
    sentences: Annotated[int, Field(ge=1, le=MOST_SENTENCES)]


class ListModels(AiRequest):
    """Tell which models are loaded."""

    event_type: ClassVar[str] = "ai.list_models.v1"


class FindSnippets(AiRequest):
    """Tell what the assistant knows that is nearest to a question."""

    event_type: ClassVar[str] = "ai.find_snippets.v1"

    text: Words
    most: Annotated[int, Field(ge=1, le=MOST_SNIPPETS)]


class RequestLeft(AiRequest):
    """Nobody waits any longer for the answer to a request: what still writes it may stop.

    Partition and fence are those of that request; `answer_by` is this event's own.
    """

    event_type: ClassVar[str] = "ai.request_left.v1"


class IntentShare(Value):
    """An intent and its probability."""

    intent: str
    confidence: Share


class MessageProcessed(AiReply):
    """Everything about one message; personal data in entities is masked."""

    event_type: ClassVar[str] = "ai.message_processed.v1"

    text: ReplyText
    """The answer."""
    source: ReplySource
    confidence: Share
    intent: str | None
    in_scope: bool
    sentiment: Sentiment
    entities: tuple[Entity, ...] = ()
    language: str
    model_version: str
    timings_ms: dict[str, float]
    """Milliseconds per step, in this order: language, moderation, embedding, intent, sentiment,
    entities, response."""
    versions: dict[str, str] = Field(default={})
    """What each step was done with, under the steps' names."""
    moderation: Moderation | None = None
    """None when nobody can judge a text in this language."""
    why: Why | None = None
    stopped: StopReason | None = None
    """Set when a language model's text ends early."""


class MoodShare(Value):
    """A mood and its probability."""

    label: SentimentLabel
    score: Share


class SentimentRead(AiReply):
    """The mood of a text; `scores` has every mood, the likeliest first."""

    event_type: ClassVar[str] = "ai.sentiment_read.v1"

    sentiment: Sentiment
    scores: tuple[MoodShare, ...]
    language: str
    model_version: str


class IntentRead(AiReply):
    """What a text wants; `alternatives` come next in probability."""

    event_type: ClassVar[str] = "ai.intent_read.v1"

    intent: str | None
    """None when it is out of scope."""
    confidence: Share
    in_scope: bool
    alternatives: tuple[IntentShare, ...] = ()
    language: str
    model_version: str


class ResponsePiece(AiReply):
    """The next words of an answer."""

    event_type: ClassVar[str] = "ai.response_piece.v1"

    text: ReplyText


class ResponseGenerated(AiReply):
    """The whole answer; after pieces its text is all of theirs, joined.

    With `why.fallback` it takes the place of any pieces: what said them could not go on.
    """

    event_type: ClassVar[str] = "ai.response_generated.v1"

    text: ReplyText
    source: ReplySource
    intent: str | None
    confidence: Share
    citations: tuple[Citation, ...] = ()
    options: tuple[str, ...] = ()
    """The intents offered, when the answer is a question back."""
    model_version: str
    moderation: Moderation | None = None
    """How abusive the question is; None when nobody can judge a text in its language."""
    why: Why | None = None
    stopped: StopReason | None = None
    """Set when a language model's text ends early."""


class KeyMessage(Value):
    """A sentence of what was said that stands for the rest."""

    turn: Annotated[int, Field(ge=0)]
    """Which of the given turns it is from, counted from 0."""
    speaker: PlainText
    text: PlainText
    score: float
    """Cosine to the centre of everything said."""


class Summarized(AiReply):
    """The key messages in the order in which they were said."""

    event_type: ClassVar[str] = "ai.summarized.v1"

    method: str
    """`extractive`: the key messages, sentences of the original, are the summary. `abstractive`:
    `text` is."""
    key_messages: tuple[KeyMessage, ...]
    model_version: str
    text: ReplyText | None = None
    """The summary in a language model's words."""
    stopped: StopReason | None = None
    """Set when `text` ends early."""
    fallback: Fallback | None = None
    """Why a language model that was to write the summary did not."""
    moderated: Moderated | None = None
    """Set when `fallback` is `guarded` because of abusive words."""


class RequestFailed(AiReply):
    """There will be no answer, because of a mistake in the assistant; it ends pieces as well.

    Its `sequence` says nothing: whoever waits need not wait for what is missing before it.
    """

    event_type: ClassVar[str] = "ai.request_failed.v1"


class NearSnippet(Value):
    """A snippet or a section of a document, in the words in which it would be said."""

    id: str
    title: str
    text: str
    score: float
    """Its cosine similarity to the question."""
    probability: Share
    """That it answers the question."""


class SnippetsFound(AiReply):
    """What is nearest to a question, the nearest first; nothing in a language not understood."""

    event_type: ClassVar[str] = "ai.snippets_found.v1"

    snippets: tuple[NearSnippet, ...]
    language: str
    """ISO 639-1, of the question."""
    model_version: str


class LoadedModel(Value):
    """A model that answers now."""

    name: str
    version: str
    kind: str
    accuracy: Share | None = None
    """Share of held-out sentences it gets right, where that was measured."""
    loaded_at: Instant


class ModelsListed(AiReply):
    """What is loaded in the process that answers."""

    event_type: ClassVar[str] = "ai.models_listed.v1"

    models: tuple[LoadedModel, ...]
