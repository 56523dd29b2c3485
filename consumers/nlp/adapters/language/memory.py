"""Budgets of this process alone, and no kept answers: for a stack without Valkey, and for tests."""

import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

REMEMBERED_USERS = 50_000


class NoAnswers:
    """See `consumers.nlp.ports.AnswerCache`; keeps nothing."""

    async def find(self, key: str) -> str | None:
        """See `AnswerCache`."""
        del key
        return None

    async def keep(self, key: str, answer: str) -> None:
        """See `AnswerCache`."""


class InMemoryBudget:
    """See `consumers.nlp.ports.TokenBudget`; of the latest users only, so that it stays small."""

    def __init__(
        self, tokens: int, window: timedelta, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._tokens = tokens
        self._window = window.total_seconds()
        self._now = now
        self._used: OrderedDict[UUID, tuple[float, int]] = OrderedDict()

    async def reserve(self, user_id: UUID, tokens: int) -> bool:
        """See `TokenBudget`."""
        began, used = self._of(user_id)
        if used + tokens > self._tokens:
            return False
        self._note(user_id, began, used + tokens)
        return True

    async def give_back(self, user_id: UUID, tokens: int) -> None:
        """See `TokenBudget`."""
        began, used = self._of(user_id)
        self._note(user_id, began, max(0, used - tokens))

    def _of(self, user_id: UUID) -> tuple[float, int]:
        began, used = self._used.get(user_id, (self._now(), 0))
        return (began, used) if self._now() - began < self._window else (self._now(), 0)

    def _note(self, user_id: UUID, began: float, used: int) -> None:
        self._used[user_id] = (began, used)
        self._used.move_to_end(user_id)
        if len(self._used) > REMEMBERED_USERS:
            self._used.popitem(last=False)
