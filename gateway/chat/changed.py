"""What was done to conversations just now, for as long as the table may not know of it."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.chat.ports import DELETED, ENDED, Conversation, Place
from schemas.events.conversations import (
    ConversationChange,
    ConversationDeleted,
    ConversationEnded,
    ConversationRenamed,
)

if TYPE_CHECKING:
    from uuid import UUID

_MOST_CHANGED = 10_000


@dataclass(frozen=True)
class _Changes:
    title: str | None = None
    titled: Place | None = None
    ended_at: datetime | None = None
    deleted: bool = False


class ChangedConversations:
    """The changes that this process published, of the latest 10,000 conversations."""

    def __init__(self) -> None:
        self._kept: OrderedDict[UUID, _Changes] = OrderedDict()

    def note(self, event: ConversationChange) -> None:
        """Remember what the log has taken."""
        known = self._kept.get(event.conversation_id, _Changes())
        self._kept[event.conversation_id] = _with(known, event)
        self._kept.move_to_end(event.conversation_id)
        if len(self._kept) > _MOST_CHANGED:
            self._kept.popitem(last=False)

    def applied_to(self, found: Conversation) -> Conversation:
        """Return a conversation as it is after everything that was done to it here."""
        known = self._kept.get(found.id)
        if known is None:
            return found
        if known.titled is not None and known.titled > found.title_place:
            found = replace(found, title=known.title, titled=known.titled)
        if known.deleted:
            return replace(found, status=DELETED)
        if known.ended_at is not None and found.ended_at is None:
            return replace(found, status=ENDED, ended_at=known.ended_at)
        return found


def _with(known: _Changes, event: ConversationChange) -> _Changes:
    match event:
        case ConversationRenamed():
            titled = Place(event.occurred_at, event.event_id)
            if known.titled is None or known.titled < titled:
                return replace(known, title=event.title, titled=titled)
        case ConversationEnded():
            return replace(known, ended_at=known.ended_at or event.occurred_at)
        case ConversationDeleted():
            return replace(known, deleted=True)
    return known
