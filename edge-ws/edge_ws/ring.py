"""The last minutes of one log in memory, so that who comes back misses nothing."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple


class Kept(NamedTuple):
    """One pushed event; `kept_at` is the monotonic clock's seconds."""

    offset: int
    key: bytes
    payload: bytes
    kept_at: float


class Ring:
    """Holds every pushed event of a log from `start` on, up to `end` (the next offset)."""

    __slots__ = ("_by_key", "_bytes", "_entries", "_max_age", "_max_bytes", "end", "start")

    def __init__(self, start: int, *, max_bytes: int, max_age: float) -> None:
        self.start = start
        self.end = start
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._entries: deque[Kept] = deque()
        self._by_key: dict[bytes, deque[Kept]] = {}
        self._bytes = 0

    def pass_over(self, offset: int) -> None:
        """Note a record that no socket will get."""
        self.end = offset + 1

    def keep(self, offset: int, key: bytes, payload: bytes, now: float) -> None:
        """Take the newest event in."""
        kept = Kept(offset, key, payload, now)
        self._entries.append(kept)
        of_key = self._by_key.get(key)
        if of_key is None:
            of_key = self._by_key[key] = deque()
        of_key.append(kept)
        self._bytes += len(payload)
        self.end = offset + 1
        self.trim(now)

    def trim(self, now: float) -> None:
        """Let go of what is too old, or too much."""
        oldest_allowed = now - self._max_age
        entries = self._entries
        while entries and (self._bytes > self._max_bytes or entries[0].kept_at < oldest_allowed):
            gone = entries.popleft()
            self._bytes -= len(gone.payload)
            self.start = gone.offset + 1
            of_key = self._by_key[gone.key]
            of_key.popleft()
            if not of_key:
                del self._by_key[gone.key]

    def rewrite(self, key: bytes, change: Callable[[bytes], bytes | None]) -> None:
        """Put something else in the place of a conversation's events; None leaves nothing."""
        changed: dict[int, Kept | None] = {}
        for kept in self._by_key.get(key, ()):
            payload = change(kept.payload)
            if payload is not kept.payload:
                changed[kept.offset] = None if payload is None else kept._replace(payload=payload)
        if not changed:
            return
        self._entries = _replaced(self._entries, changed)
        left = self._by_key[key] = _replaced(self._by_key[key], changed)
        if not left:
            del self._by_key[key]
        self._bytes = sum(len(kept.payload) for kept in self._entries)

    def reaches_back_to(self, offset: int) -> bool:
        """Whether everything after this offset is still here, or has not been written yet."""
        return offset + 1 >= self.start

    def after(self, key: bytes, offset: int) -> Iterator[Kept]:
        """Return the conversation's events behind this offset, oldest first."""
        return (kept for kept in self._by_key.get(key, ()) if kept.offset > offset)


def _replaced(entries: deque[Kept], changed: Mapping[int, Kept | None]) -> deque[Kept]:
    now = (changed.get(kept.offset, kept) for kept in entries)
    return deque(kept for kept in now if kept is not None)
