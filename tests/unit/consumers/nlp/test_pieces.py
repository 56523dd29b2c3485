"""A known answer in pieces is the answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.nlp.service.analysis import Answer, Question
from consumers.nlp.service.patience import Patience
from consumers.nlp.service.pieces import PIECE_CHARS, WholeAnswers, in_pieces
from tests.unit.consumers.nlp.samples import ORDER, AxisEmbedder, small_analyzer


@given(st.text())
def test_pieces_joined_are_the_text(text: str) -> None:
    """Nothing is lost or made up, whatever the text; no piece is empty."""
    pieces = in_pieces(text)
    assert "".join(pieces) == text
    assert all(pieces)


@pytest.mark.parametrize("text", ["Order 48213 is on its way and will be with you on Monday."])
def test_words_stay_whole(text: str) -> None:
    """A piece ends after a space, so that no half word is ever shown."""
    pieces = in_pieces(text)
    assert len(pieces) > 1
    assert all(each.endswith(" ") and len(each) >= PIECE_CHARS for each in pieces[:-1])


async def test_the_answer_comes_last() -> None:
    """After the pieces the answer itself, unchanged."""
    question = Question.alone(ORDER)
    (analysis,) = small_analyzer(AxisEmbedder()).analyze([question])
    said = WholeAnswers().pieces(question, analysis, Patience(1.0, 1.0))
    *pieces, last = [part async for part in said]
    assert last == analysis.answer
    assert isinstance(last, Answer)
    assert "".join(map(str, pieces)) == last.text
