"""Heads on sentence vectors: what a message wants, and its tone. Served in plain numpy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from consumers.nlp.ports import Matrix, Vector
from consumers.nlp.service.parts import UNCLEAR

# Chosen on validation parts of Banking77 and CLINC150 (docs/nlp-benchmarks.md); both are flat near.
KERNEL_WIDTH = 2.0
KERNEL_SHARE = 20.0
NEARNESS_WEIGHT = 1.0

OTHERS = 3

NEVER_CLOSE = 1.1
"""A closeness that no two probabilities reach."""


@dataclass(frozen=True, eq=False, slots=True)
class LinearHead:
    """Softmax over `vectors @ weights + bias`; `weights` has one column per label."""

    labels: tuple[str, ...]
    weights: Matrix
    bias: Vector

    def probabilities(self, vectors: Matrix) -> Matrix:
        """One row of probabilities per vector, in the order of `labels`."""
        return softmax(self.logits(vectors))

    def logits(self, vectors: Matrix) -> Matrix:
        """One row per vector; row by row, so that no other row matters."""
        return np.stack([vector @ self.weights for vector in vectors]) + self.bias


@dataclass(frozen=True, eq=False, slots=True)
class KernelHead:
    """
    Compares a vector with every training sentence, the anchors, and weighs what each speaks for.

    A score is near 1 for a sentence like many of a label's, near 0 far away from all of them.
    `weights` has one row per anchor and one column per label.
    """

    anchors: Matrix
    weights: Matrix
    width: float = KERNEL_WIDTH

    def cosines(self, vectors: Matrix) -> Matrix:
        """One row per vector, one column per anchor; row by row, so that no other row matters."""
        return np.stack([self.anchors @ vector for vector in vectors])

    def scores(self, cosines: Matrix) -> Matrix:
        """One row per vector, one column per label."""
        kernel = np.exp(self.width * (cosines - 1.0))
        return np.stack([row @ self.weights for row in kernel])


@dataclass(frozen=True, slots=True)
class IntentGuess:
    """The likeliest intent, its probability, and whether any intent fits at all."""

    intent: str
    confidence: float
    nearness: float
    """Cosine to the nearest training sentence of any intent."""
    in_scope: bool
    rival: str | None = None
    """The second likeliest intent, if it is so close that asking beats guessing."""
    others: tuple[tuple[str, float], ...] = ()
    """The next likeliest intents with their probabilities."""


@dataclass(frozen=True, slots=True)
class Readings:
    """What the two parts of an intent head say of some vectors, row by row."""

    logits: Matrix
    """One column per label; larger is likelier."""
    nearness: Vector
    scope: Vector
    """How surely each is in scope: its best kernel score and its nearness."""


@dataclass(frozen=True, eq=False, slots=True)
class IntentHead:
    """
    Chooses an intent, notices when none fits, and when two fit about as well.

    The linear part generalises, the kernel part knows single sentences; their sum is better than
    either. `sharpness` turns it into probabilities that can be believed. A message whose scope
    score is below `threshold` is out of scope. A message is unclear if its label says so, or if the
    second best intent is at least `closeness` times as probable as the best.
    """

    linear: LinearHead
    kernel: KernelHead
    sharpness: float = 1.0
    threshold: float = 0.0
    closeness: float = NEVER_CLOSE

    def read(self, vectors: Matrix) -> Readings:
        """The parts' verdicts, before they are made into guesses."""
        cosines = self.kernel.cosines(vectors)
        scores = self.kernel.scores(cosines)
        nearness = cosines.max(axis=1)
        return Readings(
            logits=self.linear.logits(vectors) + KERNEL_SHARE * scores,
            nearness=nearness,
            scope=scores.max(axis=1) + NEARNESS_WEIGHT * nearness,
        )

    def read_together(self, vectors: Matrix) -> Readings:
        """As `read`, but for the last digits: many vectors at once, thirty times as fast."""
        cosines = vectors @ self.kernel.anchors.T
        nearness = cosines.max(axis=1)
        scores = np.exp(self.kernel.width * (cosines - 1.0)) @ self.kernel.weights
        return Readings(
            logits=vectors @ self.linear.weights + self.linear.bias + KERNEL_SHARE * scores,
            nearness=nearness,
            scope=scores.max(axis=1) + NEARNESS_WEIGHT * nearness,
        )

    def guess(
        self, vectors: Matrix, allowances: Sequence[float] | None = None
    ) -> list[IntentGuess]:
        """One guess per vector; by its allowance a scope score may lie below the threshold."""
        if not len(vectors):
            return []
        readings = self.read(vectors)
        probabilities = softmax(self.sharpness * readings.logits)
        scope = readings.scope + np.asarray(allowances or 0.0)
        return [
            self._guess(row, float(readings.nearness[at]), float(scope[at]))
            for at, row in enumerate(probabilities)
        ]

    def _guess(self, probabilities: Vector, nearness: float, scope: float) -> IntentGuess:
        order = [self.linear.labels[at] for at in np.argsort(-probabilities, kind="stable")]
        certainty = dict(zip(self.linear.labels, probabilities.tolist(), strict=True))
        enough = self.closeness * certainty[order[0]]
        first, rival = _best_two([label for label in order if certainty[label] >= enough], order)
        return IntentGuess(
            intent=first,
            confidence=certainty[first],
            nearness=nearness,
            in_scope=scope >= self.threshold,
            rival=rival,
            others=tuple(
                (label, certainty[label])
                for label in order
                if label != first and UNCLEAR not in label
            )[:OTHERS],
        )


def _best_two(close: Sequence[str], order: Sequence[str]) -> tuple[str, str | None]:
    """
    The intent to answer and the one to ask about as well, if any.

    `close` are the labels that come near the best, `order` all of them, likeliest first.
    """
    leader = order[0]
    unclear = [label for label in (leader, *close[:2]) if UNCLEAR in label]
    if unclear and (leader in unclear or leader in unclear[0].split(UNCLEAR)):
        first, rival = sorted(unclear[0].split(UNCLEAR), key=order.index)
        return first, rival
    intents = [label for label in close if UNCLEAR not in label]
    return leader, intents[1] if len(intents) > 1 else None


def softmax(logits: Matrix) -> Matrix:
    """One distribution per row."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), dtype=np.float32)


def rivalry(probabilities: Matrix) -> Vector:
    """Second best probability over the best, per row; 0 when there is one label only."""
    if probabilities.shape[1] < 2:  # noqa: PLR2004  nobody to come second
        return np.zeros(len(probabilities), dtype=np.float32)
    ordered = np.sort(probabilities, axis=1)
    return np.asarray(ordered[:, -2] / ordered[:, -1], dtype=np.float32)
