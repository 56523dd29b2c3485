"""Which conversations have ended and which are gone, as far as this edge knows; both for good."""

from collections import OrderedDict
from typing import TypeVar
from uuid import UUID

MAX_LIVES = 100_000
"""Of each kind, about 15 MB; what is forgotten is asked of the gateway again."""

_Value = TypeVar("_Value")


class Lives:
    """Keys are the record keys of conversations, as in `edge_ws.fanout`."""

    def __init__(self) -> None:
        self._ended: OrderedDict[bytes, None] = OrderedDict()
        self._deleted: OrderedDict[bytes, UUID] = OrderedDict()

    def end(self, key: bytes) -> bytes | None:
        """Remember that nothing more is said here; return what is forgotten for it, if anything."""
        return _keep(self._ended, key, None)

    def delete(self, key: bytes, owner_id: UUID) -> None:
        """Remember that this conversation is gone, and whose it was."""
        _keep(self._deleted, key, owner_id)

    def ended(self, key: bytes) -> bool:
        """Whether nothing more is said here; False says nothing."""
        return key in self._ended

    def deleted(self, key: bytes) -> bool:
        """Whether it is gone; False says nothing."""
        return key in self._deleted

    def was_of(self, key: bytes, user_id: UUID) -> bool:
        """Whether it is gone and was this user's: nobody else is told that it was there."""
        return self._deleted.get(key) == user_id


def _keep(kept: OrderedDict[bytes, _Value], key: bytes, value: _Value) -> bytes | None:
    kept[key] = value
    kept.move_to_end(key)
    return kept.popitem(last=False)[0] if len(kept) > MAX_LIVES else None
