"""The blend of head and lexicon."""

import pytest

from tests.unit.consumers.nlp.samples import AxisEmbedder, small_tones


@pytest.mark.parametrize(
    ("tone", "label"), [(-0.9, "negative"), (0.0, "neutral"), (0.9, "positive")]
)
def test_lexicon_decides_where_the_head_does_not_know(tone: float, label: str) -> None:
    """With an undecided head the words decide."""
    (read,) = small_tones(tone).read(["text"], AxisEmbedder().embed(["text"]))
    assert read.label == label
    assert 1 / 3 < read.score < 1
