"""Turns the assistant's answers into what the routes answer."""

from collections.abc import Sequence

from gateway.ai.views import (
    GeneratedResponse,
    IntentAlternative,
    IntentView,
    KeyMessageView,
    ModelList,
    ModelView,
    ProcessedMessage,
    ProcessingMetadata,
    ResponsePieceView,
    SentimentView,
    SummaryQuestion,
    SummaryView,
)
from gateway.chat.ports import Utterance
from schemas.events.ai import (
    IntentRead,
    KeyMessage,
    MessageProcessed,
    ModelsListed,
    ResponseGenerated,
    ResponsePiece,
    SentimentRead,
    Summarized,
    Turn,
)

EXTRACTIVE = "extractive"
NOTHING_SAID = SummaryView(
    summary="", method=EXTRACTIVE, key_messages=(), messages=0, model_version=None
)
_PREPARING = ("language", "moderation", "embedding", "entities")


def processed(reply: MessageProcessed) -> ProcessedMessage:
    """Everything about one message."""
    took = reply.timings_ms
    return ProcessedMessage(
        response=reply.text,
        confidence=reply.confidence,
        intent=reply.intent,
        sentiment=reply.sentiment.label,
        entities=reply.entities,
        metadata=ProcessingMetadata(
            nlp_processing=round(sum(took.get(step, 0.0) for step in _PREPARING), 3),
            intent_analysis=took.get("intent", 0.0),
            sentiment_analysis=took.get("sentiment", 0.0),
            response_generation=took.get("response", 0.0),
            timestamp=reply.occurred_at,
            moderation=reply.moderation,
            versions=reply.versions,
            why=reply.why,
            stopped=reply.stopped,
        ),
    )


def sentiment(reply: SentimentRead) -> SentimentView:
    """The mood of a text."""
    return SentimentView(
        label=reply.sentiment.label,
        score=reply.sentiment.score,
        scores={each.label: each.score for each in reply.scores},
        language=reply.language,
        model_version=reply.model_version,
    )


def intent(reply: IntentRead) -> IntentView:
    """What a text wants."""
    return IntentView(
        intent=reply.intent,
        confidence=reply.confidence,
        in_scope=reply.in_scope,
        alternatives=tuple(
            IntentAlternative(intent=each.intent, confidence=each.confidence)
            for each in reply.alternatives
        ),
        language=reply.language,
        model_version=reply.model_version,
    )


def piece(reply: ResponsePiece) -> ResponsePieceView:
    """The next words."""
    return ResponsePieceView(sequence=reply.sequence, text=reply.text)


def response(reply: ResponseGenerated) -> GeneratedResponse:
    """A whole answer."""
    return GeneratedResponse(
        response=reply.text,
        source=reply.source,
        confidence=reply.confidence,
        intent=reply.intent,
        citations=reply.citations,
        options=reply.options,
        model_version=reply.model_version,
        moderation=reply.moderation,
        why=reply.why,
        stopped=reply.stopped,
    )


def turns(asked: SummaryQuestion, said: Sequence[Utterance]) -> list[Turn]:
    """What there is to summarize."""
    if asked.text is not None:
        return [Turn(speaker="", text=asked.text)]
    if asked.messages is not None:
        return [message.turn() for message in asked.messages]
    return [
        Turn(speaker=str(each.body["sender"]["name"]), text=str(each.body["text"])) for each in said
    ]


def summary(reply: Summarized, messages: int, said: Sequence[Utterance]) -> SummaryView:
    """A summary; the key messages of a conversation say which message they are from."""
    return SummaryView(
        summary=reply.text or "\n".join(_line(each) for each in reply.key_messages),
        method=reply.method,
        key_messages=tuple(_key_message(each, said) for each in reply.key_messages),
        messages=messages,
        model_version=reply.model_version,
        stopped=reply.stopped,
        fallback=reply.fallback,
        moderated=reply.moderated,
    )


def models(reply: ModelsListed) -> ModelList:
    """What is loaded."""
    return ModelList(
        items=tuple(
            ModelView(
                name=each.name,
                version=each.version,
                kind=each.kind,
                accuracy=each.accuracy,
                loaded_at=each.loaded_at,
            )
            for each in reply.models
        )
    )


def _line(each: KeyMessage) -> str:
    return f"{each.speaker}: {each.text}" if each.speaker else each.text


def _key_message(each: KeyMessage, said: Sequence[Utterance]) -> KeyMessageView:
    source = said[each.turn] if each.turn < len(said) else None
    return KeyMessageView(
        speaker=each.speaker,
        text=each.text,
        score=each.score,
        message_id=None if source is None else source.message_id,
        said_at=None if source is None else source.place.at,
    )
