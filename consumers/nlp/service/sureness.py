"""How sure it is that the nearest snippet answers a question: a probability made of its cosine."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from consumers.nlp.ports import Vector

Outcomes = NDArray[np.bool_]

FEWEST = 8
"""So many hits and so many misses are needed, or a curve through them says nothing."""
_ROUNDS = 25
_RIDGE = 1e-3
"""Keeps the curve from becoming a step where hits and misses part."""


@dataclass(frozen=True, slots=True)
class Sureness:
    """A logistic curve: nearer is surer, and never quite sure."""

    even: float
    """At this cosine the snippet answers as often as not."""
    steepness: float

    def of(self, score: float) -> float:
        """The probability that a snippet of this cosine answers the question."""
        return 1.0 / (1.0 + math.exp(-self.steepness * (score - self.even)))


def fit_sureness(scores: Vector, right: Outcomes) -> Sureness | None:
    """
    The curve that makes these outcomes likeliest, given the cosine of each.

    Two numbers, since there are some dozen questions to fit them on (Platt's method: every outcome
    counts a little as the other). None when there is too little to go by, or nearer is not surer.
    """
    hits = int(right.sum())
    misses = len(right) - hits
    if min(hits, misses) < FEWEST:
        return None
    wanted = np.where(right, (hits + 1) / (hits + 2), 1 / (misses + 2))
    middle, spread = float(scores.mean()), float(scores.std()) or 1.0
    rows = np.stack([(scores - middle) / spread, np.ones(len(scores))], axis=1, dtype=np.float64)
    weights = np.zeros(2)
    for _ in range(_ROUNDS):
        likely = 1.0 / (1.0 + np.exp(-rows @ weights))
        slope = rows.T @ (likely - wanted) + _RIDGE * weights
        curve = (rows.T * (likely * (1 - likely))) @ rows + _RIDGE * np.eye(2)
        weights -= np.linalg.solve(curve, slope)
    rising, level = (float(each) for each in weights)
    if rising <= 0:
        return None
    return Sureness(even=middle - spread * level / rising, steepness=rising / spread)
