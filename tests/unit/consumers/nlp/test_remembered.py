"""Vectors of what was said lately: worked once, the same as ever, and not kept for ever."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.nlp.service.remembered import RememberingEmbedder
from tests.unit.consumers.nlp.samples import ORDER, RETURN, SNIPPET, AxisEmbedder

TEXTS = (ORDER, RETURN, SNIPPET, "hello", "")


@given(st.lists(st.lists(st.sampled_from(TEXTS), max_size=6), max_size=12))
def test_nothing_changes_but_the_work(batches: Sequence[Sequence[str]]) -> None:
    """Whatever came before, in whatever batches, each row is the embedder's own."""
    remembering = RememberingEmbedder(AxisEmbedder(), most=2)
    for batch in batches:
        assert np.array_equal(remembering.embed(batch), AxisEmbedder().embed(batch))


def test_what_was_said_is_worked_once() -> None:
    """Also within one batch."""
    embedder = AxisEmbedder()
    remembering = RememberingEmbedder(embedder, most=10)
    remembering.embed([ORDER, RETURN, ORDER])
    remembering.embed([RETURN, SNIPPET])
    assert embedder.calls == [2, 1]


def test_the_latest_are_kept() -> None:
    """What nobody has said for longest makes room."""
    embedder = AxisEmbedder()
    remembering = RememberingEmbedder(embedder, most=2)
    for text in (ORDER, RETURN, ORDER, SNIPPET, ORDER, RETURN):
        remembering.embed([text])
    assert embedder.calls == [1, 1, 1, 1]


@pytest.mark.parametrize("most", [0, 1])
def test_little_memory_is_enough_for_a_large_batch(most: int) -> None:
    """A batch may hold more than is kept."""
    remembering = RememberingEmbedder(AxisEmbedder(), most=most)
    assert remembering.embed([ORDER, RETURN, SNIPPET]).shape[0] == 3


def test_texts_themselves_are_not_kept() -> None:
    """What somebody deletes everywhere may not stay behind here."""
    remembering = RememberingEmbedder(AxisEmbedder(), most=10)
    remembering.embed([ORDER])
    assert ORDER not in repr(vars(remembering))
