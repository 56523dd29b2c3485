"""Positions survive the way to a client and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.positions import PUSHED_TOPICS, Position, parse_position
from schemas.topics import Topic


@given(st.sampled_from(PUSHED_TOPICS), st.integers(0, 999), st.integers(0, 2**62))
def test_a_position_reads_back(topic: Topic, partition: int, offset: int) -> None:
    """What was written is what is read."""
    position = Position(topic, partition, offset)
    assert parse_position(str(position)) == position
    assert str(position).startswith(f"{position.log}:")


@pytest.mark.parametrize("text", ["", "m", "m3", "m3:", "x3:1", "m:1", "m3:-1", "m3:1:2", "m٣:1"])
def test_anything_else_is_refused(text: str) -> None:
    """A client cannot make us look anywhere else."""
    with pytest.raises(ValueError, match="not a position"):
        parse_position(text)
