"""What happened just now, for as long as the tables may not know of it."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

from gateway.chat.ports import Agent, Conversation
from runtime.clock import wall_clock

_YOUNG = timedelta(minutes=10)
_MOST_YOUNG = 10_000


class YoungConversations:
    """Conversations this process started; the table learns of them a moment later."""

    def __init__(self, now: Callable[[], datetime] = wall_clock) -> None:
        self._now = now
        self._kept: OrderedDict[UUID, Conversation] = OrderedDict()

    def add(self, conversation: Conversation) -> None:
        """Remember a conversation for ten minutes."""
        self._kept[conversation.id] = conversation
        self._kept.move_to_end(conversation.id)
        if len(self._kept) > _MOST_YOUNG:
            self._kept.popitem(last=False)

    def find(self, conversation_id: UUID) -> Conversation | None:
        """Return a conversation that is still young."""
        found = self._kept.get(conversation_id)
        if found is not None and self._now() - found.started_at > _YOUNG:
            del self._kept[conversation_id]
            return None
        return found


class YoungJoins:
    """Who came into which conversation through this process a moment ago."""

    def __init__(self, now: Callable[[], datetime] = wall_clock) -> None:
        self._now = now
        self._kept: OrderedDict[tuple[UUID, UUID], Agent] = OrderedDict()

    def add(self, conversation_id: UUID, agent: Agent) -> None:
        """Remember for ten minutes that somebody came."""
        self._kept[conversation_id, agent.id] = agent
        if len(self._kept) > _MOST_YOUNG:
            self._kept.popitem(last=False)

    def of(self, conversation_id: UUID) -> list[Agent]:
        """Return who came lately, the first first."""
        oldest = self._now() - _YOUNG
        while self._kept and next(iter(self._kept.values())).joined_at < oldest:
            self._kept.popitem(last=False)
        return [agent for (where, _), agent in self._kept.items() if where == conversation_id]
