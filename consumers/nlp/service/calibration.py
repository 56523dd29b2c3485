"""Fits what a head's scores are worth, on messages that the head has not seen."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from consumers.nlp.ports import Matrix, Vector
from consumers.nlp.service.heads import NEVER_CLOSE, rivalry, softmax

Indices = NDArray[np.int64]

# What an outcome is worth to the person who wrote: a question of ours is half an answer, one whose
# choices are both wrong is nearly as bad as a wrong answer.
RIGHT, ASKED, ASKED_IN_VAIN, WRONG = 1.0, 0.5, -0.75, -1.0

_SHARPNESSES = np.geomspace(0.1, 10.0, 60)
_CLOSENESSES = np.linspace(0.1, 0.9, 41)
_BINS = 15


def fit_threshold(inside: Vector, outside: Vector) -> float:
    """
    The score that best parts messages in scope from those out of it.

    Maximises the mean of the two recalls, so that it does not depend on how many examples of each
    there are; among equals the lowest, because a wrong refusal annoys more than a guess.
    """
    candidates = np.unique(np.concatenate([inside, outside]))
    balanced = [(inside >= each).mean() + (outside < each).mean() for each in candidates]
    return float(candidates[int(np.argmax(balanced))])


def fit_sharpness(scores: Matrix, truth: Indices) -> float:
    """The factor that makes softmax of the scores likeliest, given the right columns."""
    rows = np.arange(len(truth))
    losses = [
        -np.log(np.maximum(softmax(factor * scores)[rows, truth], 1e-9)).mean()
        for factor in _SHARPNESSES
    ]
    return float(_SHARPNESSES[int(np.argmin(losses))])


def fit_closeness(probabilities: Matrix, truth: Indices) -> float:
    """
    How close the two best must be for asking to beat guessing, by what outcomes are worth.

    `NEVER_CLOSE` when asking never pays.
    """
    order = np.argsort(-probabilities, axis=1)
    first = order[:, 0] == truth
    either = first if order.shape[1] == 1 else first | (order[:, 1] == truth)
    asked, answered = np.where(either, ASKED, ASKED_IN_VAIN), np.where(first, RIGHT, WRONG)
    rivals = rivalry(probabilities)

    def worth(closeness: float) -> float:
        return float(np.where(rivals >= closeness, asked, answered).mean())

    # Among equals the one that asks least.
    return max([NEVER_CLOSE, *(float(each) for each in reversed(_CLOSENESSES))], key=worth)


def calibration_error(probabilities: Matrix, truth: Indices) -> float:
    """Expected calibration error (ECE): how far confidence and accuracy lie apart, in 15 bins."""
    best = probabilities.argmax(axis=1)
    confident = probabilities.max(axis=1)
    bins = np.minimum((confident * _BINS).astype(int), _BINS - 1)
    return float(
        sum(
            abs((best == truth)[bins == each].mean() - confident[bins == each].mean())
            * (bins == each).mean()
            for each in np.unique(bins)
        )
    )


def accuracy(expected: Sequence[str], guessed: Sequence[str]) -> float:
    """Share of equal pairs."""
    return sum(a == b for a, b in zip(expected, guessed, strict=True)) / len(expected)


def macro_f1(expected: Sequence[str], guessed: Sequence[str]) -> float:
    """Mean F1 over the expected labels, each counting the same."""
    shares = []
    for label in set(expected):
        hits = sum(a == b == label for a, b in zip(expected, guessed, strict=True))
        shares.append(2 * hits / (list(expected).count(label) + list(guessed).count(label)))
    return sum(shares) / len(shares)
