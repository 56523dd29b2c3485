"""Trains a head from a job's examples, telling how far it has come; blocks for seconds."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from consumers.nlp.adapters.head_file import pack, unpack
from consumers.nlp.adapters.training import MANY, calibrated, fit_blend, fit_intents, try_out
from consumers.nlp.ports import Embedder, Matrix
from consumers.nlp.service.heads import UNCLEAR, IntentHead
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.measures import measure, part
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


def train(
    examples: Sequence[Example],
    extension: Knowledge | None,
    fallback: Sequence[str],
    embedder: Embedder,
    report: Report,
    *,
    threads: int = 1,
) -> Trained:
    """
    Fit a head and measure it on a fifth of the examples, then fit it on all of them.

    `extension` is knowledge whose examples are learnt as well; `fallback` are sentences out of
    scope, for jobs that bring none. The same examples give the same head.
    """
    started = time.process_time()
    pairs = [(each.text, each.intent) for each in examples]
    if extension is not None:
        given = {text for text, _ in pairs}
        pairs += list(_known(extension, given))
        if embedder.multilingual:
            pairs += [each for each in extension.foreign_lessons() if each[0] not in given]
    texts, labels = [text for text, _ in pairs], [label for _, label in pairs]
    vectors = _embedded(embedder, [*texts, *fallback], report, threads)
    vectors, beyond = vectors[: len(texts)], vectors[len(texts) :]
    report(Phase.EVALUATING, 0, 1)
    trial, metrics = _evaluated(vectors, labels, beyond, embedder.kernel_width)
    report(Phase.FITTING, 0, 1)
    inside = [row for row, label in enumerate(labels) if label is not None]
    lessons = [str(labels[row]) for row in inside]
    whole = fit_blend(vectors[inside], lessons, embedder.kernel_width)
    head = replace(
        whole, sharpness=trial.sharpness, threshold=trial.threshold, closeness=trial.closeness
    )
    content = pack(head, embedder.name)
    report(Phase.STORING, 0, 1)
    unpack(content, embedder.name)
    spent = round(time.process_time() - started, 3)
    return Trained(
        head=content,
        intents=tuple(name for name in head.linear.labels if UNCLEAR not in name),
        metrics=metrics.model_copy(update={"processor_seconds": spent}),
    )


def _known(knowledge: Knowledge, given: set[str]) -> Iterator[tuple[str, str | None]]:
    """Everything the knowledge folder teaches, but for sentences that the job has its own word on.

    What the folder holds out stays out: it is what every version of the folder is measured on.
    """
    for intent in knowledge.intents:
        yield from ((text, intent.name) for text in intent.examples if text not in given)
    for unclear in knowledge.unclear:
        label = UNCLEAR.join(sorted(unclear.between))
        yield from ((text, label) for text in unclear.examples if text not in given)
    yield from ((text, None) for text in knowledge.out_of_scope.examples if text not in given)


def _embedded(embedder: Embedder, texts: Sequence[str], report: Report, threads: int) -> Matrix:
    # Chunks side by side use two processors 1.8 times as well as one run does with two threads.
    chunks = [texts[at : at + CHUNK] for at in range(0, len(texts), CHUNK)]
    report(Phase.EMBEDDING, 0, len(texts))
    found: list[Matrix] = []
    with ThreadPoolExecutor(threads) as executor:
        for vectors in executor.map(embedder.embed, chunks):
            found.append(vectors)
            report(Phase.EMBEDDING, sum(map(len, found)), len(texts))
    return np.concatenate(found)


def _evaluated(
    vectors: Matrix, labels: Sequence[str | None], beyond: Matrix, width: float
) -> tuple[IntentHead, Metrics]:
    """A head that has seen four fifths, calibrated, and what it is worth on the rest."""
    parts = part(labels)
    taught = [row for row in parts.learnt if labels[row] is not None]
    lessons = [str(labels[row]) for row in taught]
    strangers = [row for row in parts.learnt if labels[row] is None]
    outside = vectors[strangers] if strangers else beyond
    tested = parts.held_out
    if len(lessons) <= MANY:
        head = fit_intents(vectors[taught], lessons, outside, width)
    else:
        # One fit is seconds here: half of what is held out calibrates, the other half measures.
        plain = fit_blend(vectors[taught], lessons, width)
        tuned = [row for row in tested[::2] if labels[row] is not None]
        tested = tested[1::2]
        column = {name: at for at, name in enumerate(plain.linear.labels)}
        truth = np.array([column[str(labels[row])] for row in tuned])
        head = calibrated(plain, [try_out(plain, vectors[tuned], truth, outside)])
    metrics = measure(
        head, vectors[tested], [labels[row] for row in tested], learnt=len(parts.learnt)
    )
    return head, metrics
