"""Trains the heads from the knowledge base with scikit-learn; takes seconds at first start."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from consumers.nlp.ports import Embedder, Matrix, Vector
from consumers.nlp.service.calibration import (
    Indices,
    fit_closeness,
    fit_sharpness,
    fit_threshold,
)
from consumers.nlp.service.heads import (
    KERNEL_WIDTH,
    IntentHead,
    KernelHead,
    LinearHead,
    softmax,
)
from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.parts import UNCLEAR

# Chosen on validation parts of Banking77 and CLINC150, see docs/nlp-benchmarks.md.
RIDGE = 0.2
LINEAR_C = 30.0
TONE_C = 10.0
FOLDS = 5
# Fitting grows with the third power: above this, one fold is calibration enough, and cores help.
MANY = 3_000


def train_intents(embedder: Embedder, knowledge: Knowledge) -> IntentHead:
    """Fit the intent head on the knowledge's examples."""
    pairs = [(text, each.name) for each in knowledge.intents for text in each.examples]
    pairs += [(text, each.label) for each in knowledge.unclear for text in each.examples]
    if embedder.multilingual:
        pairs += list(knowledge.foreign_lessons())
    vectors = embedder.embed([text for text, _ in pairs])
    outside = embedder.embed(knowledge.out_of_scope.examples)
    return fit_intents(vectors, [label for _, label in pairs], outside, embedder.kernel_width)


def train_tone(embedder: Embedder, knowledge: Knowledge) -> LinearHead:
    """Fit the head that tells negative, neutral and positive messages apart."""
    pairs = [(text, tone) for tone, texts in knowledge.tones.by_label().items() for text in texts]
    vectors = embedder.embed([text for text, _ in pairs])
    with threadpool_limits(limits=1, user_api="blas"):
        return fit_linear(vectors, [tone for _, tone in pairs], TONE_C)


@dataclass(frozen=True, eq=False, slots=True)
class Trial:
    """How a head reads sentences that it has not seen; `truth` are the right columns."""

    logits: Matrix
    truth: Indices
    inside: Vector
    outside: Vector
    """Scope scores of sentences in scope, and of sentences out of it."""


def fit_intents(
    vectors: Matrix, labels: Sequence[str], outside: Matrix, width: float = KERNEL_WIDTH
) -> IntentHead:
    """Fit a head, and how to read it on sentences that each fold's head has not seen."""
    _, truth = np.unique(labels, return_inverse=True)
    trials = []
    for learnt, unseen in _folds(vectors, truth):
        trial = fit_blend(vectors[learnt], [labels[at] for at in learnt], width)
        trials.append(try_out(trial, vectors[unseen], truth[unseen], outside))
    return calibrated(fit_blend(vectors, labels, width), trials)


def try_out(head: IntentHead, unseen: Matrix, truth: Indices, outside: Matrix) -> Trial:
    """Read sentences in scope and out of scope with a head that has learnt neither."""
    known = head.read_together(unseen)
    return Trial(known.logits, truth, known.scope, head.read_together(outside).scope)


def calibrated(head: IntentHead, trials: Sequence[Trial]) -> IntentHead:
    """The head, read as its trials say is best; their columns must be its labels'."""
    logits = np.concatenate([each.logits for each in trials])
    right = np.concatenate([each.truth for each in trials])
    sharpness = fit_sharpness(logits, right)
    clear = np.array([UNCLEAR not in name for name in head.linear.labels])
    rows = clear[right]
    return replace(
        head,
        sharpness=sharpness,
        threshold=fit_threshold(
            np.concatenate([each.inside for each in trials]),
            np.concatenate([each.outside for each in trials]),
        ),
        closeness=fit_closeness(
            softmax(sharpness * logits[rows][:, clear]), (np.cumsum(clear) - 1)[right[rows]]
        ),
    )


def fit_blend(vectors: Matrix, labels: Sequence[str], width: float = KERNEL_WIDTH) -> IntentHead:
    """Both parts of an intent head, not yet calibrated."""
    names, columns = np.unique(labels, return_inverse=True)
    # With a thread per core, small fits are 40 times slower on a busy machine.
    with threadpool_limits(limits=os.cpu_count() if len(labels) > MANY else 1, user_api="blas"):
        weights = fit_kernel(vectors, np.eye(len(names), dtype=np.float32)[columns], width)
        linear = fit_linear(vectors, labels, LINEAR_C)
    return IntentHead(linear, KernelHead(np.ascontiguousarray(vectors), weights, width))


def fit_kernel(vectors: Matrix, targets: Matrix, width: float = KERNEL_WIDTH) -> Matrix:
    """
    Kernel ridge regression: one row of weights per sentence, one column per label.

    In place and in single precision, because it is most of the time and memory that a fit takes:
    of 10,003 sentences 7.5 seconds of processor time instead of 13 with scikit-learn's, and the
    weights differ by 5e-5 of at most 4.
    """
    kernel = vectors @ vectors.T
    kernel -= 1.0
    kernel *= width
    np.exp(kernel, out=kernel)
    kernel[np.diag_indices_from(kernel)] += RIDGE
    factor = cho_factor(kernel, lower=True, overwrite_a=True, check_finite=False)
    return np.ascontiguousarray(cho_solve(factor, targets, check_finite=False), dtype=np.float32)


def fit_linear(vectors: Matrix, labels: Sequence[str], c: float) -> LinearHead:
    """Multinomial logistic regression as a numpy head; `c` is its inverse regularisation."""
    # With many examples a third of the steps does; the last two thirds move 0.1 % of guesses.
    model = LogisticRegression(C=c, max_iter=300, tol=1e-3 if len(labels) > MANY else 1e-4)
    model.fit(vectors, np.asarray(labels))
    return LinearHead(
        labels=tuple(str(label) for label in model.classes_),
        weights=np.ascontiguousarray(model.coef_.T, dtype=np.float32),
        bias=np.asarray(model.intercept_, dtype=np.float32),
    )


def _folds(vectors: Matrix, truth: Indices) -> Iterator[tuple[Indices, Indices]]:
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    return islice(folds.split(vectors, truth), FOLDS if len(truth) <= MANY else 1)
