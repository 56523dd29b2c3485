"""What was there at the start is not looked through again; what comes later is still freed."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from runtime.collector import calm_collector


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Other tests keep Python's own ways."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


class Knot:
    """Holds itself."""

    def __init__(self) -> None:
        self.itself = self


def test_what_is_there_is_left_alone_and_new_cycles_are_freed() -> None:
    """Frozen objects are no more among those that a collection visits."""
    old = [Knot()]
    calm_collector()
    assert not any(each is old for each in gc.get_objects())
    assert gc.get_freeze_count() > 0
    knot = weakref.ref(Knot())
    assert knot() is not None
    gc.collect()
    assert knot() is None


def test_collections_are_rarer() -> None:
    """The defaults are for programs that end soon."""
    calm_collector()
    assert gc.get_threshold()[0] > 700
