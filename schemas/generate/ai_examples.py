"""One example of every request to the assistant and of every answer, as their goldens show them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from schemas import ids
from schemas.events.ai import (
    AiReply,
    FindSnippets,
    GenerateResponse,
    IntentRead,
    IntentShare,
    KeyMessage,
    ListModels,
    LoadedModel,
    MessageProcessed,
    ModelsListed,
    MoodShare,
    NearSnippet,
    ProcessMessage,
    ReadIntent,
    ReadSentiment,
    RequestFailed,
    RequestLeft,
    ResponseGenerated,
    ResponsePiece,
    SentimentRead,
    SnippetsFound,
    Summarize,
    Summarized,
    Turn,
)
from schemas.events.envelope import Event
from schemas.events.insights import Entity, Moderation, Sentiment, SentimentLabel
from schemas.events.replies import Citation, ReplySource, StopReason, Why

_USER = UUID("0b7c1a52-5f0e-4b0e-9d57-0d3a0f3b6a01")
_CLIENT_REQUEST = UUID("6bd27fb8-bf6e-4b6e-93bd-6d9f6f9fc107")
_REQUEST = ids.ai_request_id(_USER, "intent", _CLIENT_REQUEST)
_ASKED = ids.event_id("ai.request", _REQUEST)
_AT = datetime(2026, 11, 23, 9, 30, 1, tzinfo=UTC)
_QUESTION = "where is my order 48213?"
_ANSWER = "Order 48213 is on its way."
_MODEL = "minilm-int8+head-1"
_WRITER = "smollm2"


def _request() -> dict[str, Any]:
    return {
        "event_id": _ASKED,
        "occurred_at": _AT,
        "correlation_id": _ASKED,
        "request_id": _REQUEST,
        "reply_partition": 3,
        "reply_fence": 1_795_426_200_000_000,
        "answer_by": _AT + timedelta(seconds=5),
    }


def _asked() -> dict[str, Any]:
    return {**_request(), "user_id": _USER}


def _reply(kind: type[AiReply]) -> dict[str, Any]:
    return {
        "event_id": ids.derived_event_id("nlp", _ASKED, f"{kind.event_type}:0"),
        "occurred_at": _AT + timedelta(milliseconds=4),
        "causation_id": _ASKED,
        "correlation_id": _ASKED,
        "request_id": _REQUEST,
        "reply_partition": 3,
        "reply_fence": 1_795_426_200_000_000,
    }


_MOOD = Sentiment(label=SentimentLabel.NEUTRAL, score=0.91)

AI_EXAMPLES: tuple[Event, ...] = (
    ProcessMessage(**_asked(), text=_QUESTION),
    ReadSentiment(**_request(), text=_QUESTION),
    ReadIntent(**_request(), text=_QUESTION),
    GenerateResponse(**_asked(), text=_QUESTION, stream=True),
    Summarize(**_asked(), turns=(Turn(speaker="Ada", text=_QUESTION),), sentences=3),
    ListModels(**_request()),
    FindSnippets(**_request(), text=_QUESTION, most=20),
    RequestLeft(**{**_request(), "event_id": ids.event_id(RequestLeft.event_type, _REQUEST)}),
    MessageProcessed(
        **_reply(MessageProcessed),
        text=_ANSWER,
        source=ReplySource.TEMPLATE,
        confidence=0.97,
        intent="order_status",
        in_scope=True,
        sentiment=_MOOD,
        entities=(Entity(type="order_number", value="48213", confidence=0.98),),
        language="en",
        model_version=_MODEL,
        timings_ms={"embedding": 1.4, "intent": 0.1},
        moderation=Moderation(flagged=False, score=0.02),
        versions={"embedding": "minilm-int8", "intent": "head-1"},
        why=Why(intent="order_status", score=0.97, model_version=_MODEL),
    ),
    SentimentRead(
        **_reply(SentimentRead),
        sentiment=_MOOD,
        scores=(
            MoodShare(label=SentimentLabel.NEUTRAL, score=0.91),
            MoodShare(label=SentimentLabel.NEGATIVE, score=0.07),
            MoodShare(label=SentimentLabel.POSITIVE, score=0.02),
        ),
        language="en",
        model_version=_MODEL,
    ),
    IntentRead(
        **_reply(IntentRead),
        intent="order_status",
        confidence=0.97,
        in_scope=True,
        alternatives=(IntentShare(intent="track_parcel", confidence=0.02),),
        language="en",
        model_version=_MODEL,
    ),
    ResponsePiece(**_reply(ResponsePiece), text="Order 48213 is on its ", last=False),
    ResponseGenerated(
        **_reply(ResponseGenerated),
        text=_ANSWER,
        source=ReplySource.MODEL,
        intent=None,
        confidence=0.62,
        citations=(Citation(id="shipping-times", title="Shipping times", score=0.62),),
        model_version=f"{_MODEL}+{_WRITER}",
        why=Why(
            score=0.31,
            snippet_ids=("shipping-times",),
            snippet_score=0.62,
            model_version=f"{_MODEL}+{_WRITER}",
        ),
        stopped=StopReason.LENGTH,
    ),
    Summarized(
        **_reply(Summarized),
        method="abstractive",
        key_messages=(KeyMessage(turn=0, speaker="Ada", text=_QUESTION, score=0.9),),
        model_version=f"{_MODEL}+{_WRITER}",
        text="Ada asks where order 48213 is.",
    ),
    ModelsListed(
        **_reply(ModelsListed),
        models=(
            LoadedModel(
                name="intents", version="9f2c", kind="intent", accuracy=0.98, loaded_at=_AT
            ),
        ),
    ),
    SnippetsFound(
        **_reply(SnippetsFound),
        snippets=(
            NearSnippet(
                id="shipping-times",
                title="Shipping times",
                text=_ANSWER,
                score=0.62,
                probability=0.81,
            ),
        ),
        language="en",
        model_version=_MODEL,
    ),
    RequestFailed(**_reply(RequestFailed)),
)
