"""What scores are worth."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from consumers.nlp.service.calibration import (
    accuracy,
    calibration_error,
    fit_closeness,
    fit_sharpness,
    fit_threshold,
    macro_f1,
)
from consumers.nlp.service.heads import NEVER_CLOSE, softmax

SCORES = arrays(np.float32, st.integers(1, 30), elements=st.floats(0, 2, width=32))


@given(SCORES, SCORES)
def test_threshold_is_as_good_as_any(inside: np.ndarray, outside: np.ndarray) -> None:
    """No other observed score parts the two groups better."""
    best = fit_threshold(inside, outside)

    def balanced(threshold: float) -> float:
        return float((inside >= threshold).mean() + (outside < threshold).mean())

    assert all(balanced(best) >= balanced(float(each)) for each in [*inside, *outside])


def test_sharpness_makes_confidence_honest() -> None:
    """A head that is right in seven of ten cases is made to say about 0.7."""
    logits = np.tile(np.array([[8.0, 0.0]], dtype=np.float32), (100, 1))
    truth = np.array([0] * 70 + [1] * 30)
    sharpness = fit_sharpness(logits, truth)
    assert softmax(sharpness * logits)[0, 0] == pytest.approx(0.7, abs=0.02)
    assert calibration_error(softmax(sharpness * logits), truth) < 0.02


def test_asking_pays_where_guesses_are_wrong() -> None:
    """Close calls that are wrong half of the time are asked about, sure ones are not."""
    sure, close = [0.9, 0.1], [0.52, 0.48]
    probabilities = np.array([sure] * 50 + [close] * 20, dtype=np.float32)
    truth = np.array([0] * 50 + [0, 1] * 10)
    closeness = fit_closeness(probabilities, truth)
    assert 0.1 / 0.9 < closeness <= 0.48 / 0.52


def test_asking_never_pays_where_guesses_are_right() -> None:
    """Nobody is bothered by a head that knows."""
    probabilities = np.array([[0.52, 0.48]] * 20, dtype=np.float32)
    assert fit_closeness(probabilities, np.zeros(20, dtype=np.int64)) == NEVER_CLOSE
    assert fit_closeness(np.ones((3, 1), dtype=np.float32), np.zeros(3, dtype=np.int64)) > 1


def test_shares_are_counted() -> None:
    """Half right is a half; a label never guessed drags the mean F1 down."""
    assert accuracy(["a", "b"], ["a", "c"]) == 0.5
    assert macro_f1(["a", "a", "b"], ["a", "a", "a"]) == pytest.approx(0.4)
