"""Turns what was found out into the answers to requests; the same request gives the same ids."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from consumers.nlp.service.analysis import Analysis
from consumers.nlp.service.analyzer import Nearest
from consumers.nlp.service.events import CONSUMER, moderation_of, version_of, why_of
from consumers.nlp.service.summary import Picked
from consumers.nlp.service.writer import Written
from runtime.entities.masking import masked
from schemas.events.ai import (
    AiReply,
    AiRequest,
    IntentRead,
    IntentShare,
    KeyMessage,
    LoadedModel,
    MessageProcessed,
    ModelsListed,
    MoodShare,
    NearSnippet,
    RequestFailed,
    ResponseGenerated,
    ResponsePiece,
    SentimentRead,
    SnippetsFound,
    Summarized,
)
from schemas.events.insights import Entity, Sentiment, SentimentLabel
from schemas.events.replies import Citation
from schemas.ids import derived_event_id

EXTRACTIVE = "extractive"
ABSTRACTIVE = "abstractive"


class Stamp(TypedDict):
    """What every answer has from its request."""

    event_id: UUID
    occurred_at: datetime
    causation_id: UUID
    correlation_id: UUID
    request_id: UUID
    reply_partition: int
    reply_fence: int


def stamp(request: AiRequest, kind: type[AiReply], at: datetime, sequence: int = 0) -> Stamp:
    """The envelope of an answer of this kind."""
    return Stamp(
        event_id=derived_event_id(CONSUMER, request.event_id, f"{kind.event_type}:{sequence}"),
        occurred_at=at,
        causation_id=request.event_id,
        correlation_id=request.correlation_id,
        request_id=request.request_id,
        reply_partition=request.reply_partition,
        reply_fence=request.reply_fence,
    )


def addressed(reply: AiReply, request: AiRequest) -> AiReply:
    """An answer that is known already, for whoever asks now."""
    return reply.model_copy(
        update={
            "reply_partition": request.reply_partition,
            "reply_fence": request.reply_fence,
        }
    )


def processed(request: AiRequest, analysis: Analysis, at: datetime) -> MessageProcessed:
    """Everything about one message."""
    understood, answer = analysis.understanding, analysis.answer
    version = version_of(answer, analysis.model_version)
    return MessageProcessed(
        **stamp(request, MessageProcessed, at),
        text=answer.text,
        source=answer.source,
        confidence=min(answer.confidence, 1.0),
        intent=understood.intent.intent if understood.intent.in_scope else None,
        in_scope=understood.intent.in_scope,
        sentiment=_mood(analysis),
        entities=tuple(
            Entity(type=each.type, value=masked(each), confidence=each.confidence)
            for each in understood.entities
        ),
        language=understood.language,
        model_version=version,
        timings_ms=analysis.timings_ms,
        versions=dict(analysis.versions),
        moderation=moderation_of(analysis),
        why=why_of(analysis, version),
        stopped=answer.stopped,
    )


def sentiment_read(
    request: AiRequest, analysis: Analysis, model_version: str, at: datetime
) -> SentimentRead:
    """The mood alone."""
    tone = analysis.understanding.tone
    return SentimentRead(
        **stamp(request, SentimentRead, at),
        sentiment=_mood(analysis),
        scores=tuple(
            MoodShare(label=SentimentLabel(label), score=score) for label, score in tone.scores
        ),
        language=analysis.understanding.language,
        model_version=model_version,
    )


def intent_read(
    request: AiRequest, analysis: Analysis, model_version: str, at: datetime
) -> IntentRead:
    """The intent alone, and what else it may be."""
    guess = analysis.understanding.intent
    return IntentRead(
        **stamp(request, IntentRead, at),
        intent=guess.intent if guess.in_scope else None,
        confidence=min(guess.confidence, 1.0),
        in_scope=guess.in_scope,
        alternatives=tuple(
            IntentShare(intent=intent, confidence=min(share, 1.0)) for intent, share in guess.others
        ),
        language=analysis.understanding.language,
        model_version=model_version,
    )


def piece(request: AiRequest, text: str, sequence: int, at: datetime) -> ResponsePiece:
    """The next words."""
    return ResponsePiece(
        **stamp(request, ResponsePiece, at, sequence), text=text, sequence=sequence, last=False
    )


def response(
    request: AiRequest, analysis: Analysis, sequence: int, at: datetime
) -> ResponseGenerated:
    """The whole answer; it ends the pieces, if there were any."""
    answer = analysis.answer
    version = version_of(answer, analysis.model_version)
    return ResponseGenerated(
        **stamp(request, ResponseGenerated, at, sequence),
        sequence=sequence,
        text=answer.text,
        source=answer.source,
        intent=answer.intent,
        confidence=min(answer.confidence, 1.0),
        citations=tuple(
            Citation(id=found.snippet.id, title=found.snippet.title, score=round(found.score, 4))
            for found in answer.cited
        ),
        options=answer.options or (),
        model_version=version,
        moderation=moderation_of(analysis),
        why=why_of(analysis, version),
        stopped=answer.stopped,
    )


def summarized(
    request: AiRequest, picked: Sequence[Picked], model_version: str, at: datetime
) -> Summarized:
    """The sentences that stand for the rest."""
    return Summarized(
        **stamp(request, Summarized, at),
        method=EXTRACTIVE,
        key_messages=tuple(
            KeyMessage(
                turn=each.sentence.turn,
                speaker=each.sentence.speaker,
                text=each.sentence.text,
                score=each.score,
            )
            for each in picked
        ),
        model_version=model_version,
    )


def rewritten(summary: Summarized, written: Written) -> Summarized:
    """The summary in a language model's words, or why it stays as it is."""
    if written.fallback is not None:
        return summary.model_copy(
            update={"fallback": written.fallback, "moderated": written.moderated}
        )
    return summary.model_copy(
        update={
            "method": ABSTRACTIVE,
            "text": written.text,
            "stopped": written.stopped,
            "model_version": f"{summary.model_version}+{written.model}",
        }
    )


def models_listed(request: AiRequest, models: Sequence[LoadedModel], at: datetime) -> ModelsListed:
    """What is loaded."""
    return ModelsListed(**stamp(request, ModelsListed, at), models=tuple(models))


def snippets_found(request: AiRequest, nearest: Nearest, at: datetime) -> SnippetsFound:
    """What is nearest to a question."""
    return SnippetsFound(
        **stamp(request, SnippetsFound, at),
        snippets=tuple(
            NearSnippet(
                id=each.snippet.id,
                title=each.snippet.title,
                text=each.snippet.text,
                score=round(each.score, 4),
                probability=each.probability,
            )
            for each in nearest.found
        ),
        language=nearest.language,
        model_version=nearest.model_version,
    )


def failed(request: AiRequest, at: datetime) -> RequestFailed:
    """What is said instead of an answer."""
    return RequestFailed(**stamp(request, RequestFailed, at))


def _mood(analysis: Analysis) -> Sentiment:
    tone = analysis.understanding.tone
    return Sentiment(label=SentimentLabel(tone.label), score=tone.score)
