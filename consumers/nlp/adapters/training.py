"""Trains the heads from the knowledge base with scikit-learn; takes seconds at first start."""

from collections.abc import Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from consumers.nlp.ports import Embedder, Matrix
from consumers.nlp.service.heads import (
    IntentHead,
    LinearHead,
    fit_threshold,
    nearness,
    scope_scores,
)
from consumers.nlp.service.knowledge import Knowledge

# Inverse regularisation; 30 is best below 30 examples per intent (Banking77: 93.05 against 92.95).
INTENT_C = 30.0
TONE_C = 10.0
FOLDS = 5


def train_intents(embedder: Embedder, knowledge: Knowledge) -> IntentHead:
    """Fit the intent head, and its threshold on sentences that the fold's head has not seen."""
    pairs = [(text, each.name) for each in knowledge.intents for text in each.examples]
    vectors = embedder.embed([text for text, _ in pairs])
    labels = [label for _, label in pairs]
    outside = embedder.embed(knowledge.out_of_scope.examples)
    return IntentHead(
        head=fit(vectors, labels, INTENT_C),
        anchors=vectors,
        threshold=_cross_validated_threshold(vectors, labels, outside),
    )


def train_tone(embedder: Embedder, knowledge: Knowledge) -> LinearHead:
    """Fit the head that tells negative, neutral and positive messages apart."""
    pairs = [(text, tone) for tone, texts in knowledge.tones.by_label().items() for text in texts]
    return fit(embedder.embed([text for text, _ in pairs]), [tone for _, tone in pairs], TONE_C)


def fit(vectors: Matrix, labels: Sequence[str], inverse_regularisation: float) -> LinearHead:
    """Multinomial logistic regression as a numpy head."""
    model = LogisticRegression(C=inverse_regularisation, max_iter=300)
    # With a thread per core, fits this small are 40 times slower on a busy machine.
    with threadpool_limits(limits=1, user_api="blas"):
        model.fit(vectors, np.asarray(labels))
    return LinearHead(
        labels=tuple(str(label) for label in model.classes_),
        weights=np.ascontiguousarray(model.coef_.T, dtype=np.float32),
        bias=np.asarray(model.intercept_, dtype=np.float32),
    )


def _cross_validated_threshold(vectors: Matrix, labels: Sequence[str], outside: Matrix) -> float:
    inside: list[Matrix] = []
    outside_scores: list[Matrix] = []
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    for seen, unseen in folds.split(vectors, labels):
        head = fit(vectors[seen], [labels[at] for at in seen], INTENT_C)
        for scores, held_out in ((inside, vectors[unseen]), (outside_scores, outside)):
            scores.append(_scores(head, held_out, vectors[seen]))
    return fit_threshold(np.concatenate(inside), np.concatenate(outside_scores))


def _scores(head: LinearHead, vectors: Matrix, anchors: Matrix) -> Matrix:
    return scope_scores(head.probabilities(vectors), nearness(vectors, anchors))
