"""Checks a knowledge folder and says how well it is understood, before it goes live."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from consumers.nlp.adapters.encoders import prepare_embedder
from consumers.nlp.adapters.head_store import prepare_heads
from consumers.nlp.adapters.knowledge_files import (
    read_evaluation,
    read_foreign_evaluation,
    read_knowledge,
    read_rehearsals,
)
from consumers.nlp.app import build_analyzer
from consumers.nlp.ports import Embedder
from consumers.nlp.service.analysis import Question
from consumers.nlp.service.analyzer import Analyzer
from consumers.nlp.service.evaluation import Outcome, try_out
from consumers.nlp.service.heads import IntentHead
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.rehearsals import rehearse
from consumers.nlp.settings import EncoderKind, ModelSettings, NlpSettings


@dataclass(frozen=True, slots=True)
class Miss:
    """A held-out sentence that was taken for something else."""

    sentence: str
    expected: str
    guessed: str

    def __str__(self) -> str:
        return f"  {self.expected} taken for {self.guessed}: {self.sentence}"


@dataclass(frozen=True, slots=True)
class Report:
    """How the held-out sentences fare; shares are from 0 to 1."""

    intents: int
    snippets: int
    held_out: int
    misses: tuple[Miss, ...]
    kept_in_scope: float
    refused_out_of_scope: float

    @property
    def accuracy(self) -> float:
        """Share of held-out sentences whose intent is right."""
        return 1 - len(self.misses) / self.held_out

    def lines(self) -> list[str]:
        """The report for people."""
        return [
            f"{self.intents} intents, {self.snippets} snippets: the folder is in order",
            f"held-out sentences understood: {self.accuracy:.1%} of {self.held_out}",
            f"held-out sentences taken as in scope: {self.kept_in_scope:.1%}",
            f"out-of-scope sentences refused: {self.refused_out_of_scope:.1%}",
            *(str(miss) for miss in self.misses),
        ]


async def report(settings: NlpSettings) -> None:
    """Print the report; a broken folder is told like any other wrong set-up."""
    lines = check(settings.nlp).lines()
    folder = settings.nlp.knowledge_dir
    evaluation, foreign = read_evaluation(folder), read_foreign_evaluation(folder)
    rehearsals = read_rehearsals(folder)
    analyzer = build_analyzer(settings.nlp)
    if evaluation is not None:
        lines += _told("evaluation questions", try_out(analyzer, evaluation))
    if rehearsals is not None:
        lines += _told("conversations", rehearse(analyzer, rehearsals))
    if settings.nlp.encoder is EncoderKind.MULTILINGUAL:
        lines += understood_abroad(analyzer, read_knowledge(folder))
        for language, questions in foreign.items():
            lines += _told(f"questions in {language}", try_out(analyzer, questions, language))
    sys.stdout.write("\n".join(lines) + "\n")


def understood_abroad(analyzer: Analyzer, knowledge: Knowledge) -> list[str]:
    """How each language's held-out sentences fare, for people."""
    lines = []
    for language, translation in knowledge.translations.items():
        held_out = translation.held_out()
        analyses = analyzer.analyze([Question.alone(text) for text, _ in held_out])
        guesses = [each.understanding.intent for each in analyses]
        right = sum(
            guess.intent == name for guess, (_, name) in zip(guesses, held_out, strict=True)
        )
        inside = sum(guess.in_scope for guess in guesses)
        lines.append(
            f"held-out sentences in {language} understood: {right} of {len(held_out)}, "
            f"{inside} taken as in scope"
        )
    return lines


def _told(name: str, outcomes: Sequence[Outcome]) -> list[str]:
    right = sum(each.right for each in outcomes)
    return [
        f"{name} met as they must be: {right} of {len(outcomes)}",
        *(str(each) for each in outcomes if not each.right),
    ]


def check(settings: ModelSettings) -> Report:
    """
    Read the folder, train its heads and try them on the held-out sentences.

    Raises:
        ConfigurationError: the folder breaks a rule, or the models cannot be built.
    """
    knowledge = read_knowledge(settings.knowledge_dir)
    embedder = prepare_embedder(settings, settings.threads)
    heads = prepare_heads(settings.model_dir, embedder, knowledge)
    return evaluate(knowledge, embedder, heads.intents)


def evaluate(knowledge: Knowledge, embedder: Embedder, intents: IntentHead) -> Report:
    """Try a head on the held-out sentences of the knowledge it was trained from."""
    expected = [(text, intent.name) for intent in knowledge.intents for text in intent.held_out]
    guesses = intents.guess(embedder.embed([text for text, _ in expected]))
    outside = intents.guess(embedder.embed(knowledge.out_of_scope.held_out))
    return Report(
        intents=len(knowledge.intents),
        snippets=len(knowledge.snippets),
        held_out=len(expected),
        misses=tuple(
            Miss(text, name, guess.intent)
            for (text, name), guess in zip(expected, guesses, strict=True)
            if guess.intent != name
        ),
        kept_in_scope=sum(guess.in_scope for guess in guesses) / len(guesses),
        refused_out_of_scope=sum(not guess.in_scope for guess in outside) / max(len(outside), 1),
    )
