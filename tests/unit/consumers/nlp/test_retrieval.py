"""What a language model is told: the nearest snippet, and another only if nearly as likely."""

from collections.abc import Sequence

import numpy as np
import pytest

from consumers.nlp.ports import Matrix
from consumers.nlp.service.knowledge import Snippet
from consumers.nlp.service.retrieval import MINILM, NEARLY_AS_LIKELY, SnippetIndex
from tests.unit.consumers.nlp.samples import AxisEmbedder


class CosineEmbedder(AxisEmbedder):
    """A snippet says in its text how near it is to the only question."""

    def embed(self, texts: Sequence[str]) -> Matrix:
        """One row per text; a title lies across."""
        near = [float(text.partition(". ")[2] or 0) for text in texts]
        return np.array([[each, (1 - each**2) ** 0.5] for each in near], dtype=np.float32)


QUESTION = np.array([1.0, 0.0], dtype=np.float32)


def index(*cosines: float) -> SnippetIndex:
    """Return snippets that are so near."""
    snippets = [
        Snippet(id=f"s{at}", title=f"S{at}", text=str(each)) for at, each in enumerate(cosines)
    ]
    return SnippetIndex(CosineEmbedder(), snippets)


@pytest.mark.parametrize(
    ("cosines", "told"),
    [
        ((0.7, 0.65, 0.64), ["s0", "s1"]),
        ((0.7, 0.5), ["s0"]),
        ((0.9, 0.75), ["s0"]),
        ((0.4, 0.35), ["s0", "s1"]),
        ((0.35, 0.29), ["s0"]),
        ((0.2, 0.19), []),
    ],
)
def test_what_is_told(cosines: tuple[float, ...], told: list[str]) -> None:
    """Two at most, related to the question at all, and with odds like the nearest's."""
    found = index(*cosines).related(QUESTION)
    assert [each.snippet.id for each in found] == told
    assert all(each.odds >= NEARLY_AS_LIKELY * found[0].odds for each in found)


def test_a_probability_never_is_quite_one() -> None:
    """Odds stay numbers, however near a snippet is."""
    (same,) = index(1.0).related(QUESTION)
    assert same.probability == pytest.approx(MINILM.sureness.of(1.0))
    assert 1_000 < same.odds < 1e9
