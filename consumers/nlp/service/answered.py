"""Remembers the latest answers to requests, so that asking again gives the same answer."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import timedelta
from uuid import UUID

from schemas.events.ai import AiReply

REMEMBERED = 1_000
LIFETIME = timedelta(minutes=5)


class Answered:
    """
    Answers by request id, in memory only, the latest and for minutes.

    Requests are keyed by their id, so a repeat comes to the process that has the answer, unless
    partitions have moved in between; then it is answered anew.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._kept: OrderedDict[UUID, tuple[float, tuple[AiReply, ...]]] = OrderedDict()

    def find(self, request_id: UUID) -> tuple[AiReply, ...]:
        """The records of the answer; none when it is not known any more."""
        self._forget_old()
        _, replies = self._kept.get(request_id, (0.0, ()))
        return replies

    def keep(self, request_id: UUID, replies: Sequence[AiReply]) -> None:
        """Remember a whole answer."""
        self._kept.pop(request_id, None)
        self._kept[request_id] = (self._now(), tuple(replies))
        if len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)

    def _forget_old(self) -> None:
        oldest = self._now() - LIFETIME.total_seconds()
        while self._kept:
            request_id, (kept_at, _) = next(iter(self._kept.items()))
            if kept_at > oldest:
                return
            del self._kept[request_id]
