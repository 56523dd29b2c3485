"""Parts examples into those to learn from and those to be tested on, and measures a head."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from consumers.nlp.ports import Vector
from consumers.nlp.service.calibration import accuracy, calibration_error, macro_f1
from consumers.nlp.service.heads import IntentHead, softmax
from consumers.nlp.service.parts import UNCLEAR
from schemas.events.models import Confusion, Metrics

SEED = 0
HELD_OUT_SHARE = 0.2
MAX_CONFUSIONS = 50
MAX_MATRIX_LABELS = 40


@dataclass(frozen=True, slots=True)
class Parts:
    """Rows to learn from and rows to be tested on."""

    learnt: list[int]
    held_out: list[int]


def part(labels: Sequence[str | None]) -> Parts:
    """
    Hold out a fifth of each label, at least one, drawn by a fixed seed.

    The same labels give the same parts. Labels that stand for two intents are learnt only: a
    question back has no one right answer to be tested on.
    """
    by_label: dict[str | None, list[int]] = defaultdict(list)
    for row, label in enumerate(labels):
        by_label[label].append(row)
    draw = np.random.default_rng(SEED)
    held_out: set[int] = set()
    for label in sorted(by_label, key=str):
        rows = by_label[label]
        if (label is None or UNCLEAR not in label) and len(rows) > 1:
            count = max(1, round(len(rows) * HELD_OUT_SHARE))
            held_out.update(int(row) for row in draw.permutation(rows)[:count])
    return Parts([row for row in range(len(labels)) if row not in held_out], sorted(held_out))


def measure(
    head: IntentHead, vectors: Vector, labels: Sequence[str | None], learnt: int
) -> Metrics:
    """What a head is worth on sentences it has not seen; no label means out of scope."""
    inside = [row for row, label in enumerate(labels) if label is not None]
    outside = [row for row, label in enumerate(labels) if label is None]
    expected = [str(labels[row]) for row in inside]
    readings = head.read_together(vectors)
    clear = [at for at, name in enumerate(head.linear.labels) if UNCLEAR not in name]
    names = [head.linear.labels[at] for at in clear]
    probabilities = softmax(head.sharpness * readings.logits[inside][:, clear])
    guessed = [names[at] for at in probabilities.argmax(axis=1)]
    columns = np.array([names.index(label) for label in expected])
    few = sorted({*expected, *guessed}) if len({*expected, *guessed}) <= MAX_MATRIX_LABELS else []
    return Metrics(
        learnt=learnt,
        held_out=len(labels),
        accuracy=accuracy(expected, guessed),
        macro_f1=macro_f1(expected, guessed),
        calibration_error=min(calibration_error(probabilities, columns), 1.0),
        out_of_scope_auroc=_auroc(readings.scope[inside], readings.scope[outside]),
        confusions=_confusions(expected, guessed),
        labels=tuple(few),
        matrix=_matrix(few, expected, guessed),
    )


def _auroc(inside: Vector, outside: Vector) -> float | None:
    """The chance that a sentence in scope scores above one out of it (Mann-Whitney)."""
    if not len(outside):
        return None
    above = (inside[:, None] > outside[None, :]).mean()
    equal = (inside[:, None] == outside[None, :]).mean()
    return float(above + equal / 2)


def _confusions(expected: Sequence[str], guessed: Sequence[str]) -> tuple[Confusion, ...]:
    mistakes = Counter(pair for pair in zip(expected, guessed, strict=True) if pair[0] != pair[1])
    most = sorted(mistakes.items(), key=lambda item: (-item[1], item[0]))[:MAX_CONFUSIONS]
    return tuple(Confusion(expected=a, guessed=b, count=count) for (a, b), count in most)


def _matrix(
    labels: Sequence[str], expected: Sequence[str], guessed: Sequence[str]
) -> tuple[tuple[int, ...], ...]:
    counts = Counter(zip(expected, guessed, strict=True))
    return tuple(tuple(counts[row, column] for column in labels) for row in labels)
