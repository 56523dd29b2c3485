"""Heads: intents, what is in scope, and what is unclear."""

import numpy as np

from consumers.nlp.service.heads import IntentHead, KernelHead, LinearHead
from tests.unit.consumers.nlp.samples import ORDER, RETURN, UNCLEAR, AxisEmbedder, small_intents


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


def test_two_that_fit_alike_are_rivals() -> None:
    """A close second is named, a distant one is not."""
    clear, unclear = small_intents().guess(AxisEmbedder().embed([ORDER, UNCLEAR]))
    assert clear.rival is None
    assert {unclear.intent, unclear.rival} == {"order_status", "send_back"}


def pair_head(pair: float) -> IntentHead:
    """Return a head that gives one logit each to intents a and b and to either of them."""
    linear = LinearHead(
        ("a", "a|b", "b"),
        np.zeros((1, 3), dtype=np.float32),
        np.array([1.0, pair, -9.0], dtype=np.float32),
    )
    kernel = KernelHead(np.ones((1, 1), dtype=np.float32), np.zeros((1, 3), dtype=np.float32))
    return IntentHead(linear, kernel, closeness=0.5)


def test_a_message_like_the_unclear_ones_is_unclear() -> None:
    """Their label is no intent: the two it stands for are, the likelier first."""
    for pair, rival in ((3.0, "b"), (0.9, "b"), (-3.0, None)):
        (guess,) = pair_head(pair).guess(np.ones((1, 1), dtype=np.float32))
        assert (guess.intent, guess.rival) == ("a", rival)
