"""Questions with what the assistant must do about each, and how it does."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from consumers.nlp.service.analysis import Answer, Question
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.parts import Sentence
from schemas.events.replies import ReplySource

_AtLeastOne = Annotated[tuple[str, ...], Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    ask: Sentence


class Answerable(_Part):
    """A question that intents or snippets answer, any of those named."""

    expect: _AtLeastOne

    def right(self, answer: Answer) -> bool:
        """A right answer, or a question back whose two choices are both right."""
        named = told(answer)
        return bool(named) and set(named) <= set(self.expect)


class Ambiguous(_Part):
    """A question that must be asked back, between two of the intents named."""

    between: Annotated[tuple[str, ...], Field(min_length=2)]

    def right(self, answer: Answer) -> bool:
        """A question back whose two choices are among the expected."""
        return answer.source is ReplySource.CLARIFY and set(told(answer)) <= set(self.between)


class OffTopic(_Part):
    """A question that a colleague must get."""

    def right(self, answer: Answer) -> bool:
        """Handed over without an intent."""
        return answer.source is ReplySource.HANDOVER and answer.intent is None


class Evaluation(BaseModel):
    """The questions by kind; none of them is ever learnt from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    direct: tuple[Answerable, ...] = ()
    paraphrased: tuple[Answerable, ...] = ()
    ambiguous: tuple[Ambiguous, ...] = ()
    off_topic: tuple[OffTopic, ...] = ()

    def questions(self) -> Iterator[tuple[str, Answerable | Ambiguous | OffTopic]]:
        """Each question with its kind."""
        for kind in ("direct", "paraphrased", "ambiguous", "off_topic"):
            yield from ((kind, each) for each in getattr(self, kind))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the assistant did about one question."""

    kind: str
    ask: str
    did: str
    right: bool

    def __str__(self) -> str:
        return f"  {self.kind}: {self.ask} -> {self.did}"


def try_out(
    analyzer: Analyzer, evaluation: Evaluation, language: str | None = None
) -> list[Outcome]:
    """
    Ask every question in a conversation of its own.

    With a `language`, an answer in another one is not right, whatever it says.
    """
    outcomes = []
    for kind, question in evaluation.questions():
        (analysis,) = analyzer.analyze([Question.alone(question.ask)])
        answer = analysis.answer
        read = analysis.understanding.language
        strange = language is not None and read != language
        did = " ".join([answer.source, *told(answer), *([f"in {read}"] if strange else [])])
        outcomes.append(Outcome(kind, question.ask, did, question.right(answer) and not strange))
    return outcomes


def told(answer: Answer) -> tuple[str, ...]:
    """The intents or snippets that an answer says or offers."""
    if answer.options is not None:
        return answer.options
    if answer.intent is not None:
        return (answer.intent,)
    return tuple(found.snippet.id for found in answer.cited)
