"""The last minutes of one log in memory, so that who comes back misses nothing."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple, TypeAlias


class Kept(NamedTuple):
    """One pushed event; `kept_at` is the monotonic clock's seconds."""

    offset: int
    key: bytes
    payload: bytes
    kept_at: float


_Entry: TypeAlias = tuple[int, bytes, bytes, float]
"""The fields of `Kept` as they lie here, by the ten thousand: a plain tuple of such things is left
alone by Python's garbage collector once it has been looked at, one with names never is."""


class Ring:
    """Holds every pushed event of a log from `start` on, up to `end` (the next offset)."""

    __slots__ = ("_by_key", "_bytes", "_entries", "_max_age", "_max_bytes", "end", "start")

    def __init__(self, start: int, *, max_bytes: int, max_age: float) -> None:
        self.start = start
        self.end = start
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._entries: deque[_Entry] = deque()
        self._by_key: dict[bytes, deque[_Entry]] = {}
        self._bytes = 0

    def pass_over(self, offset: int) -> None:
        """Note a record that no socket will get."""
        self.end = offset + 1

    def keep(self, offset: int, key: bytes, payload: bytes, now: float) -> None:
        """Take the newest event in."""
        entry = (offset, key, payload, now)
        self._entries.append(entry)
        of_key = self._by_key.get(key)
        if of_key is None:
            of_key = self._by_key[key] = deque()
        of_key.append(entry)
        self._bytes += len(payload)
        self.end = offset + 1
        self.trim(now)

    def trim(self, now: float) -> None:
        """Let go of what is too old, or too much."""
        oldest_allowed = now - self._max_age
        while self._entries:
            gone = Kept(*self._entries[0])
            if self._bytes <= self._max_bytes and gone.kept_at >= oldest_allowed:
                return
            self._entries.popleft()
            self._bytes -= len(gone.payload)
            self.start = gone.offset + 1
            of_key = self._by_key[gone.key]
            of_key.popleft()
            if not of_key:
                del self._by_key[gone.key]

    def rewrite(self, key: bytes, change: Callable[[bytes], bytes | None]) -> None:
        """Put something else in the place of a conversation's events; None leaves nothing."""
        changed: dict[int, _Entry | None] = {}
        for offset, _, before, kept_at in self._by_key.get(key, ()):
            payload = change(before)
            if payload is not before:
                changed[offset] = None if payload is None else (offset, key, payload, kept_at)
        if not changed:
            return
        self._entries = _replaced(self._entries, changed)
        left = self._by_key[key] = _replaced(self._by_key[key], changed)
        if not left:
            del self._by_key[key]
        self._bytes = sum(len(payload) for _, _, payload, _ in self._entries)

    def reaches_back_to(self, offset: int) -> bool:
        """Whether everything after this offset is still here, or has not been written yet."""
        return offset + 1 >= self.start

    def after(self, key: bytes, offset: int) -> Iterator[Kept]:
        """Return the conversation's events behind this offset, oldest first."""
        return (Kept(*entry) for entry in self._by_key.get(key, ()) if entry[0] > offset)


def _replaced(entries: deque[_Entry], changed: Mapping[int, _Entry | None]) -> deque[_Entry]:
    now = (changed.get(entry[0], entry) for entry in entries)
    return deque(entry for entry in now if entry is not None)
