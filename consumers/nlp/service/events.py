"""Turns an analysis into the events it causes; the same question always gives the same ids."""

from datetime import datetime

from consumers.nlp.service.analysis import Analysis, Answer, Asked
from producers.ports import Published
from runtime.entities.masking import masked
from runtime.errors import RetryableError
from schemas.events.chat import MessageSent, Sender, SenderKind
from schemas.events.insights import (
    Entity,
    MessageAnalyzed,
    Moderation,
    Sentiment,
    SentimentLabel,
)
from schemas.events.replies import (
    Citation,
    FailureReason,
    ReplyDelta,
    ReplyFailed,
    ReplyGenerated,
    ReplyWithheld,
    Why,
)
from schemas.ids import ASSISTANT_ID, delta_event_id, derived_event_id

CONSUMER = "nlp"
ASSISTANT = Sender(id=ASSISTANT_ID, kind=SenderKind.ASSISTANT, name="Assistant")


def reply_to(cause: Asked, analysis: Analysis, model_version: str, at: datetime) -> ReplyGenerated:
    """The answer as an event; its message id is its event id."""
    event_id = derived_event_id(CONSUMER, cause.event_id, ReplyGenerated.event_type)
    answer = analysis.answer
    version = version_of(answer, model_version)
    return ReplyGenerated(
        event_id=event_id,
        occurred_at=at,
        causation_id=cause.event_id,
        correlation_id=cause.correlation_id,
        conversation_id=cause.conversation_id,
        message_id=event_id,
        sender=ASSISTANT,
        text=answer.text,
        reply_to=cause.message_id,
        in_reply_to=cause.message_id,
        source=answer.source,
        intent=answer.intent,
        confidence=min(answer.confidence, 1.0),
        citations=tuple(
            Citation(id=found.snippet.id, title=found.snippet.title, score=round(found.score, 4))
            for found in answer.cited
        ),
        model_version=version,
        why=why_of(analysis, version),
        stopped=answer.stopped,
        attempt=answer.attempt,
    )


def delta_of(cause: Asked, attempt: int, offset: int, text: str, at: datetime) -> ReplyDelta:
    """A piece of the answer that is being written."""
    return ReplyDelta(
        event_id=delta_event_id(cause.message_id, attempt, offset),
        occurred_at=at,
        causation_id=cause.event_id,
        correlation_id=cause.correlation_id,
        conversation_id=cause.conversation_id,
        in_reply_to=cause.message_id,
        attempt=attempt,
        offset=offset,
        text=text,
    )


def version_of(answer: Answer, model_version: str) -> str:
    """What understood the message, and the language model that wrote the answer, if one did."""
    return model_version if answer.model is None else f"{model_version}+{answer.model}"


def why_of(analysis: Analysis, version: str) -> Why:
    """Why the answer is this one, as whoever asked may be told."""
    answer, guess = analysis.answer, analysis.understanding.intent
    known = answer.grounds or answer.cited
    return Why(
        intent=guess.intent,
        score=max(0.0, min(guess.confidence, 1.0)),
        snippet_ids=tuple(found.snippet.id for found in known),
        snippet_score=known[0].probability if known else None,
        model_version=version,
        cached=answer.cached,
        fallback=answer.fallback,
        moderated=answer.moderated,
        context=answer.context,
    )


def moderation_of(analysis: Analysis) -> Moderation | None:
    """How abusive the message is, as events say it."""
    judged = analysis.understanding.moderation
    if judged is None:
        return None
    return Moderation(flagged=judged.flagged, score=round(judged.score, 4))


def no_reply_to(cause: Asked, reason: FailureReason, at: datetime) -> ReplyFailed:
    """What is said instead of an answer."""
    return ReplyFailed(
        event_id=derived_event_id(CONSUMER, cause.event_id, ReplyFailed.event_type),
        occurred_at=at,
        causation_id=cause.event_id,
        correlation_id=cause.correlation_id,
        conversation_id=cause.conversation_id,
        in_reply_to=cause.message_id,
        reason=reason,
    )


def silence_after(cause: Asked, at: datetime) -> ReplyWithheld:
    """What is said to the programs, not to the people: a person answers."""
    return ReplyWithheld(
        event_id=derived_event_id(CONSUMER, cause.event_id, ReplyWithheld.event_type),
        occurred_at=at,
        causation_id=cause.event_id,
        correlation_id=cause.correlation_id,
        conversation_id=cause.conversation_id,
        in_reply_to=cause.message_id,
    )


def insight_of(
    cause: MessageSent, analysis: Analysis, model_version: str, at: datetime
) -> MessageAnalyzed:
    """What was understood as an event; personal data is masked."""
    understood = analysis.understanding
    return MessageAnalyzed(
        event_id=derived_event_id(CONSUMER, cause.event_id, MessageAnalyzed.event_type),
        occurred_at=at,
        causation_id=cause.event_id,
        correlation_id=cause.correlation_id,
        conversation_id=cause.conversation_id,
        message_id=cause.message_id,
        user_id=cause.sender.id,
        intent=understood.intent.intent if understood.intent.in_scope else None,
        confidence=min(understood.intent.confidence, 1.0),
        in_scope=understood.intent.in_scope,
        sentiment=Sentiment(
            label=SentimentLabel(understood.tone.label), score=understood.tone.score
        ),
        entities=tuple(
            Entity(type=each.type, value=masked(each), confidence=each.confidence)
            for each in understood.entities
        ),
        language=understood.language,
        model_version=model_version,
        timings_ms=analysis.timings_ms,
        versions=dict(analysis.versions),
        moderation=moderation_of(analysis),
    )


def require_accepted(outcome: Published) -> None:
    """
    Pass if the log has it.

    Raises:
        RetryableError: it has not.
    """
    if not outcome.accepted:
        message = f"{outcome.topic} did not accept an event: {outcome.status}"
        raise RetryableError(message)
