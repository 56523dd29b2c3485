"""Assistants for tests: what answers a request that is put on the log, and who asks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypedDict
from uuid import UUID, uuid4

import httpx2
from starlette.testclient import TestClient

from gateway.ai.memory import InMemoryReplyLog
from producers.memory import InMemoryEventPublisher
from producers.ports import Published
from schemas.events.ai import (
    AiReply,
    AiRequest,
    GenerateResponse,
    IntentRead,
    IntentShare,
    KeyMessage,
    LoadedModel,
    MessageProcessed,
    ModelsListed,
    MoodShare,
    ProcessMessage,
    ReadIntent,
    ReadSentiment,
    RequestFailed,
    RequestLeft,
    ResponseGenerated,
    ResponsePiece,
    SentimentRead,
    Summarize,
    Summarized,
)
from schemas.events.envelope import Event
from schemas.events.insights import Entity, Moderation, Sentiment, SentimentLabel
from schemas.events.replies import Citation, Fallback, ReplySource, Why
from tests.unit.gateway.harness import Gateway, Person

AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MOOD = Sentiment(label=SentimentLabel.NEUTRAL, score=0.8)
WHY = Why(
    intent="order_status",
    score=0.9,
    snippet_ids=("plants",),
    model_version="echo",
    fallback=Fallback.BUSY,
)
PIECES = ("Plants ", "travel ", "on Mondays.")


class Stamp(TypedDict):
    """What every answer has from its request."""

    event_id: UUID
    occurred_at: datetime
    correlation_id: UUID
    request_id: UUID
    reply_partition: int
    reply_fence: int


def stamp(request: AiRequest) -> Stamp:
    """Return the envelope of an answer to this request."""
    return Stamp(
        event_id=uuid4(),
        occurred_at=AT,
        correlation_id=request.correlation_id,
        request_id=request.request_id,
        reply_partition=request.reply_partition,
        reply_fence=request.reply_fence,
    )


def echo(request: AiRequest) -> Sequence[AiReply]:
    """Answer anything with what was asked."""
    match request:
        case ProcessMessage():
            return [processed(request)]
        case ReadSentiment():
            return [sentiment_read(request)]
        case ReadIntent():
            return [intent_read(request)]
        case GenerateResponse(stream=stream):
            return pieces(request) if stream else [response(request, 0)]
        case Summarize():
            return [summarized(request)]
    model = LoadedModel(name="echo", version="1", kind="intent", loaded_at=AT)
    return [ModelsListed(**stamp(request), models=(model,))]


def processed(request: ProcessMessage) -> MessageProcessed:
    """Return everything about a message."""
    return MessageProcessed(
        **stamp(request),
        text=f"re: {request.text}",
        source=ReplySource.TEMPLATE,
        confidence=0.9,
        intent="order_status",
        in_scope=True,
        sentiment=MOOD,
        entities=(Entity(type="order_number", value="48213", confidence=0.98),),
        language="en",
        model_version="echo",
        timings_ms={
            "language": 0.5, "embedding": 1.0, "entities": 0.25,
            "intent": 0.125, "sentiment": 0.0625, "response": 2.0, "moderation": 0.5,
        },
        versions={"intent": "echo/1"},
        moderation=Moderation(flagged=False, score=0.25),
        why=WHY,
    )  # fmt: skip


def sentiment_read(request: AiRequest) -> SentimentRead:
    """Return a mood."""
    shares = ((SentimentLabel.NEUTRAL, 0.8), (SentimentLabel.NEGATIVE, 0.2))
    return SentimentRead(
        **stamp(request),
        sentiment=MOOD,
        scores=tuple(MoodShare(label=label, score=score) for label, score in shares),
        language="en",
        model_version="echo",
    )


def intent_read(request: AiRequest) -> IntentRead:
    """Return an intent."""
    return IntentRead(
        **stamp(request),
        intent="order_status",
        confidence=0.9,
        in_scope=True,
        alternatives=(IntentShare(intent="send_back", confidence=0.05),),
        language="en",
        model_version="echo",
    )


def summarized(request: Summarize) -> Summarized:
    """Return the first turns, as many as were asked for."""
    return Summarized(
        **stamp(request),
        method="extractive",
        key_messages=tuple(
            KeyMessage(turn=at, speaker=turn.speaker, text=turn.text, score=0.5)
            for at, turn in enumerate(request.turns[: request.sentences])
        ),
        model_version="echo",
    )


def pieces(request: AiRequest) -> list[AiReply]:
    """Return an answer in pieces."""
    said: list[AiReply] = [
        ResponsePiece(**stamp(request), text=text, sequence=at, last=False)
        for at, text in enumerate(PIECES)
    ]
    return [*said, response(request, len(PIECES))]


def response(request: AiRequest, sequence: int) -> ResponseGenerated:
    """Return a whole answer."""
    return ResponseGenerated(
        **stamp(request),
        sequence=sequence,
        text="".join(PIECES),
        source=ReplySource.RETRIEVAL,
        intent=None,
        confidence=0.7,
        citations=(Citation(id="plants", title="Plants", score=0.7),),
        model_version="echo",
        why=WHY,
    )


def failed(request: AiRequest) -> RequestFailed:
    """Return what is said instead of an answer."""
    return RequestFailed(**stamp(request))


@dataclass
class AnsweringPublisher(InMemoryEventPublisher):
    """A log with an assistant behind it that answers at once."""

    log: InMemoryReplyLog = field(default_factory=InMemoryReplyLog)
    assistant: Callable[[AiRequest], Sequence[AiReply]] = echo

    @property
    def asked(self) -> list[AiRequest]:
        """Return every request that was put on the log."""
        requests = (event for event in self.events if isinstance(event, AiRequest))
        return [each for each in requests if not isinstance(each, RequestLeft)]

    @property
    def left(self) -> list[RequestLeft]:
        """Return every word that nobody waits any longer."""
        return [event for event in self.events if isinstance(event, RequestLeft)]

    async def publish(self, event: Event) -> Published:
        """Keep the event; if it is a request, answer it."""
        published = await super().publish(event)
        if published.accepted and event in self.asked:
            for reply in self.assistant(event):
                self.log.put(reply)
        return published


@dataclass
class Desk:
    """A gateway with an assistant, and somebody signed in to it."""

    gateway: Gateway
    publisher: AnsweringPublisher
    client: TestClient
    ada: Person

    def ask(self, route: str, body: object, **headers: str) -> httpx2.Response:
        """Ask as Ada."""
        return self.client.post(f"/api/ai/{route}", json=body, headers=self.ada.headers | headers)
