"""Linear heads and the threshold of what is in scope."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from consumers.nlp.service.heads import LinearHead, accuracy, fit_threshold
from tests.unit.consumers.nlp.samples import ORDER, RETURN, AxisEmbedder, small_intents

SCORES = arrays(np.float32, st.integers(1, 30), elements=st.floats(0, 2, width=32))


def test_probabilities_add_up() -> None:
    """Each row is a distribution, even where the logits are huge."""
    head = LinearHead(
        ("a", "b"), np.array([[900.0, 0.0]], dtype=np.float32), np.zeros(2, dtype=np.float32)
    )
    rows = head.probabilities(np.array([[1.0], [-1.0]], dtype=np.float32))
    assert np.allclose(rows, [[1, 0], [0, 1]])


def test_guesses_intents_and_refuses_what_is_far_from_all() -> None:
    """A known sentence is in scope, a strange one is not."""
    order, back, strange = small_intents().guess(AxisEmbedder().embed([ORDER, RETURN, "joke"]))
    assert (order.intent, order.in_scope) == ("order_status", True)
    assert (back.intent, back.in_scope) == ("send_back", True)
    assert not strange.in_scope
    assert strange.nearness == 0


def test_one_by_one_is_as_together() -> None:
    """A guess does not depend on the messages beside it."""
    head, texts = small_intents(), [ORDER, "joke", RETURN]
    together = head.guess(AxisEmbedder().embed(texts))
    assert together == [head.guess(AxisEmbedder().embed([text]))[0] for text in texts]


@given(SCORES, SCORES)
def test_threshold_is_as_good_as_any(inside: np.ndarray, outside: np.ndarray) -> None:
    """No other observed score parts the two groups better."""
    best = fit_threshold(inside, outside)

    def balanced(threshold: float) -> float:
        return float((inside >= threshold).mean() + (outside < threshold).mean())

    assert all(balanced(best) >= balanced(float(each)) for each in [*inside, *outside])


def test_accuracy_counts_equal_pairs() -> None:
    """Half right is a half."""
    assert accuracy(["a", "b"], ["a", "c"]) == 0.5
