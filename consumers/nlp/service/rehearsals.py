"""Conversations with what must be made of their last message, and what the assistant makes of it.

Beside `evaluation`, whose questions stand alone.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Annotated
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, Field

from consumers.nlp.service.analysis import Answer, Question
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.evaluation import Outcome, told
from consumers.nlp.service.parts import Sentence
from schemas.events.replies import ReplySource

BETWEEN_MESSAGES = timedelta(seconds=20)


class Rehearsal(BaseModel):
    """One conversation; without `expect` a colleague must get its last message."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    said: Annotated[tuple[Sentence, ...], Field(min_length=1)]
    """What the person wrote before, the oldest first."""
    ask: Sentence
    expect: tuple[str, ...] = ()
    """Intents or snippets, any of which is right."""
    shows: str | None = None
    """What must stand in the answer."""
    hides: str | None = None
    """What must not stand there."""

    def right(self, answer: Answer) -> bool:
        """The right answer or a question back between right ones, with what it must show."""
        if not self.expect:
            return answer.source is ReplySource.HANDOVER and answer.intent is None
        named = told(answer)
        return (
            bool(named)
            and set(named) <= set(self.expect)
            and (self.shows is None or self.shows in answer.text)
            and (self.hides is None or self.hides not in answer.text)
        )


class Rehearsals(BaseModel):
    """Conversations by kind; none of them is ever learnt from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    follow_ups: tuple[Rehearsal, ...] = ()
    """Their last message says too little by itself."""
    new_questions: tuple[Rehearsal, ...] = ()
    """Their last message is about something else, however short it is."""

    def all(self) -> Iterator[tuple[str, Rehearsal]]:
        """Each conversation with its kind."""
        for kind in ("follow_ups", "new_questions"):
            yield from ((kind, each) for each in getattr(self, kind))


def rehearse(analyzer: Analyzer, rehearsals: Rehearsals) -> list[Outcome]:
    """Hold every conversation from its beginning."""
    return [_outcome(analyzer, kind, each) for kind, each in rehearsals.all()]


def _outcome(analyzer: Analyzer, kind: str, rehearsal: Rehearsal) -> Outcome:
    question = Question.alone(rehearsal.said[0])
    for text in (*rehearsal.said[1:], rehearsal.ask):
        analyzer.analyze([question])
        question = replace(
            question,
            message_id=uuid4(),
            text=text,
            asked_at=question.asked_at + BETWEEN_MESSAGES,
        )
    (analysis,) = analyzer.analyze([question])
    answer = analysis.answer
    asked = " / ".join((*rehearsal.said, rehearsal.ask))
    did = " ".join([answer.source, *told(answer)])
    return Outcome(kind, asked, did, rehearsal.right(answer))
