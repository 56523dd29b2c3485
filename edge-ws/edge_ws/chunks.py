"""Cuts what is many, so that sockets are served in between."""

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


def chunks(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Return the items in their order, so many at a time; the last may be fewer."""
    return [items[start : start + size] for start in range(0, len(items), size)]
