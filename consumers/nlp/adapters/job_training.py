"""Trains a head from a job's examples, telling how far it has come; blocks for seconds."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from consumers.nlp.adapters.head_file import pack, unpack
from consumers.nlp.adapters.training import (
    MANY,
    calibrated,
    fit_blend,
    fit_intents,
    train_tone,
    try_out,
)
from consumers.nlp.ports import Embedder, Matrix
from consumers.nlp.service.heads import IntentHead, LinearHead
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.lessons import Lessons
from consumers.nlp.service.measures import measure
from consumers.nlp.service.parts import UNCLEAR
from schemas.events.models import Example, Metrics, Phase

CHUNK = 64
"""Sentences per step of progress: a quarter of a second's work."""

Report = Callable[[Phase, int, int], None]


@dataclass(frozen=True, eq=False, slots=True)
class Trained:
    """What a job gives."""

    head: bytes
    intents: tuple[str, ...]
    metrics: Metrics

    def after(self, seconds: float) -> "Trained":
        """The same, with the processor time that it took."""
        spent = {"processor_seconds": round(seconds, 3)}
        return replace(self, metrics=self.metrics.model_copy(update=spent))


def lessons_of(
    examples: Sequence[Example], extension: Knowledge | None, *, multilingual: bool = False
) -> Lessons:
    """
    What a job learns; `extension` is knowledge whose examples are learnt as well.

    Those in other languages are for encoders that understand them.
    """
    pairs = [(each.text, each.intent) for each in examples]
    given = {text for text, _ in pairs}
    if extension is not None:
        pairs += _known(extension, given)
        if multilingual:
            pairs += (each for each in extension.foreign_lessons() if each[0] not in given)
    return Lessons([text for text, _ in pairs], [label for _, label in pairs])


def train(
    lessons: Lessons,
    fallback: Sequence[str],
    embedder: Embedder,
    report: Report,
    *,
    threads: int = 1,
) -> Trained:
    """
    Fit a head and measure it on a fifth of the lessons, then fit it on all of them.

    `fallback` are sentences out of scope, for jobs that bring none. The same lessons give the same
    head.
    """
    started = time.process_time()
    apart = len(_taught(lessons)) > MANY
    vectors, beyond = _embedded(embedder, lessons, fallback, report, threads)
    found = _trained(lessons, (vectors, beyond), embedder, report, apart=apart)
    return found.after(time.process_time() - started)


def train_tuned(
    lessons: Lessons,
    fallback: Sequence[str],
    embedder: Embedder,
    knowledge: Knowledge,
    report: Report,
    *,
    threads: int = 1,
) -> Trained:
    """
    As `train`, on vectors of a model that was tuned on the learnt part of these very lessons.

    It knows those better than anything people will write, so nothing is calibrated on them. The
    tone head is fitted anew, because the old one cannot read these vectors.
    """
    vectors, beyond = _embedded(embedder, lessons, fallback, report, threads)
    tones = train_tone(embedder, knowledge)
    return _trained(lessons, (vectors, beyond), embedder, report, apart=True, tones=tones)


def _trained(
    lessons: Lessons,
    embedded: tuple[Matrix, Matrix],
    embedder: Embedder,
    report: Report,
    *,
    apart: bool,
    tones: LinearHead | None = None,
) -> Trained:
    vectors, beyond = embedded
    width = embedder.kernel_width
    report(Phase.EVALUATING, 0, 1)
    trial, metrics = _evaluated(lessons, vectors, beyond, apart=apart, width=width)
    report(Phase.FITTING, 0, 1)
    labels = lessons.labels
    inside = [row for row, label in enumerate(labels) if label is not None]
    whole = fit_blend(vectors[inside], [str(labels[row]) for row in inside], width)
    head = replace(
        whole, sharpness=trial.sharpness, threshold=trial.threshold, closeness=trial.closeness
    )
    content = pack(head, embedder.name, tones)
    report(Phase.STORING, 0, 1)
    unpack(content, embedder.name)
    return Trained(
        head=content,
        intents=tuple(name for name in head.linear.labels if UNCLEAR not in name),
        metrics=metrics,
    )


def _known(knowledge: Knowledge, given: set[str]) -> Iterator[tuple[str, str | None]]:
    """Everything the knowledge folder teaches, but for sentences that the job has its own word on.

    What the folder holds out stays out: it is what every version of the folder is measured on.
    """
    for intent in knowledge.intents:
        yield from ((text, intent.name) for text in intent.examples if text not in given)
    for unclear in knowledge.unclear:
        yield from ((text, unclear.label) for text in unclear.examples if text not in given)
    yield from ((text, None) for text in knowledge.out_of_scope.examples if text not in given)


def _embedded(
    embedder: Embedder, lessons: Lessons, fallback: Sequence[str], report: Report, threads: int
) -> tuple[Matrix, Matrix]:
    """The vectors of the lessons, and those of the sentences out of scope."""
    texts = [*lessons.texts, *fallback]
    # Chunks side by side use two processors 1.8 times as well as one run does with two threads.
    chunks = [texts[at : at + CHUNK] for at in range(0, len(texts), CHUNK)]
    report(Phase.EMBEDDING, 0, len(texts))
    found: list[Matrix] = []
    with ThreadPoolExecutor(threads) as executor:
        for vectors in executor.map(embedder.embed, chunks):
            found.append(vectors)
            report(Phase.EMBEDDING, sum(map(len, found)), len(texts))
    both = np.concatenate(found)
    return both[: len(lessons.texts)], both[len(lessons.texts) :]


def _taught(lessons: Lessons) -> list[int]:
    return [row for row in lessons.parts.learnt if lessons.labels[row] is not None]


def _evaluated(
    lessons: Lessons, vectors: Matrix, beyond: Matrix, *, apart: bool, width: float
) -> tuple[IntentHead, Metrics]:
    """
    A head that has seen four fifths, calibrated, and what it is worth on the rest.

    With `apart` half of what is held out calibrates and the other half measures; without, folds of
    what is learnt calibrate.
    """
    labels, tested = lessons.labels, lessons.parts.held_out
    taught = _taught(lessons)
    names = [str(labels[row]) for row in taught]
    strangers = [row for row in lessons.parts.learnt if labels[row] is None]
    outside = vectors[strangers] if strangers else beyond
    if not apart:
        head = fit_intents(vectors[taught], names, outside, width)
    else:
        plain = fit_blend(vectors[taught], names, width)
        tuned = [row for row in tested[::2] if labels[row] is not None]
        tested = tested[1::2]
        column = {name: at for at, name in enumerate(plain.linear.labels)}
        truth = np.array([column[str(labels[row])] for row in tuned])
        head = calibrated(plain, [try_out(plain, vectors[tuned], truth, outside)])
    rows = [labels[row] for row in tested]
    return head, measure(head, vectors[tested], rows, learnt=len(lessons.parts.learnt))
