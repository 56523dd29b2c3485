"""Reading which of two offers a short message picks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.nlp.service.knowledge import Knowledge
from consumers.nlp.service.parts import Picks
from consumers.nlp.service.picks import Pick, PickReader

OPTIONS = ("refund_status", "refund_request")


@pytest.fixture
def reader(knowledge: Knowledge) -> PickReader:
    """Return a reader of the starter's words."""
    names = {intent.name: intent.label or intent.title for intent in knowledge.intents}
    return PickReader(knowledge.phrases.picks, names)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", Pick.FIRST),
        ("(1)", Pick.FIRST),
        ("The first, please", Pick.FIRST),
        ("the first one", Pick.FIRST),
        ("option one", Pick.FIRST),
        ("2!", Pick.SECOND),
        ("the second one", Pick.SECOND),
        ("I mean number two", Pick.SECOND),
        ("when the money comes", Pick.FIRST),
        ("asking for it", Pick.SECOND),
        ("neither", Pick.NEITHER),
        ("no", Pick.NEITHER),
        ("none of them", Pick.NEITHER),
        ("the first or the second", None),
        ("Where is order 48213?", None),
        ("my money", None),
        ("😀", None),
        ("the first time I wrote to you about this was already in March", None),
    ],
)
def test_reads_number_order_and_name(reader: PickReader, text: str, expected: Pick | None) -> None:
    """People answer in many ways; what is no pick is left to be understood."""
    assert reader.read(text, OPTIONS) is expected


@given(st.text(max_size=60))
def test_any_text_is_read_without_failing(text: str) -> None:
    """Whatever is written, it is a pick or none."""
    picks = Picks(first=("1",), second=("2",), neither=("no",))
    read = PickReader(picks, {"a": "cats", "b": "dogs"}).read(text, ("a", "b"))
    assert read is None or read in Pick
