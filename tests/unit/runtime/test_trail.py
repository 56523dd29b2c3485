"""A chain is followed at every hop or at none."""

from uuid import UUID, uuid4

import pytest

from runtime.trail import Trail


@pytest.mark.parametrize("every", [1, 2, 100, 1_000])
def test_every_hop_picks_the_same_chains(every: int) -> None:
    """As an id in an event, or as text in a body."""
    trail = Trail(every)
    ids = [uuid4() for _ in range(5_000)]
    followed = [each for each in ids if trail.follows(each)]
    assert followed == [each for each in ids if trail.follows(str(each))]
    assert len(followed) == pytest.approx(len(ids) / every, rel=0.5, abs=12)


def test_none_is_followed_when_told_so() -> None:
    """0 is none."""
    assert not Trail(0).follows(UUID(int=0))


@pytest.mark.parametrize("broken", [None, "", "not an id", 7.5, {}, "ffff-xyz"])
def test_what_is_no_id_is_not_followed(broken: object) -> None:
    """A strange body stops no edge."""
    assert not Trail(2).follows(broken)
