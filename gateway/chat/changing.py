"""What an owner does to a conversation as a whole: rename, end, delete (ADR 0033)."""

from datetime import datetime
from typing import TypedDict
from uuid import UUID, uuid4

from gateway.chat.changed import ChangedConversations
from gateway.chat.ports import ENDED, Conversation
from gateway.chat.service import Conversing, NotAcceptedError, not_found
from producers.ports import EventPublisher
from runtime.clock import HybridLogicalClock
from schemas import ids
from schemas.claims import AccessClaims
from schemas.events.chat import Sender, SenderKind
from schemas.events.conversations import (
    ConversationChange,
    ConversationDeleted,
    ConversationEnded,
    ConversationRenamed,
)


class _About(TypedDict):
    """The fields that all changes have."""

    event_id: UUID
    occurred_at: datetime
    correlation_id: UUID
    conversation_id: UUID
    sender: Sender


class Changing:
    """Changes conversations for their owners, and for nobody else.

    What was published holds here at once, before it is stored. Each method raises DomainError when
    there is no such conversation of this user's, and NotAcceptedError when the log did not confirm
    the change; repeating it is safe.
    """

    def __init__(
        self,
        *,
        conversing: Conversing,
        publisher: EventPublisher,
        clock: HybridLogicalClock,
        changed: ChangedConversations,
    ) -> None:
        self._conversing = conversing
        self._publisher = publisher
        self._clock = clock
        self._changed = changed

    async def rename(
        self,
        user: AccessClaims,
        conversation_id: UUID,
        title: str,
        client_event_id: UUID | None,
    ) -> None:
        """Give a conversation another title, an ended one too."""
        found = await self._owned(user, conversation_id)
        # Later than the title that is there, whoever's clock that one is of.
        self._clock.observe(found.title_place.at)
        event_id = ids.change_event_id(
            ConversationRenamed.event_type, user.sub, conversation_id, client_event_id or uuid4()
        )
        about = self._about(user, conversation_id, event_id)
        await self._publish(ConversationRenamed(**about, title=title))

    async def end(self, user: AccessClaims, conversation_id: UUID) -> None:
        """Let nothing more be said in a conversation; one that has ended stays so."""
        found = await self._owned(user, conversation_id)
        if found.status == ENDED:
            return
        event_id = ids.event_id(ConversationEnded.event_type, conversation_id)
        await self._publish(ConversationEnded(**self._about(user, conversation_id, event_id)))

    async def delete(self, user: AccessClaims, conversation_id: UUID) -> None:
        """Take a conversation away with everything in it."""
        await self._owned(user, conversation_id)
        event_id = ids.event_id(ConversationDeleted.event_type, conversation_id)
        await self._publish(ConversationDeleted(**self._about(user, conversation_id, event_id)))

    async def _owned(self, user: AccessClaims, conversation_id: UUID) -> Conversation:
        found, _ = await self._conversing.access(user.sub, conversation_id)
        if found.owner_id != user.sub:
            not_found()
        self._clock.observe(found.started_at)
        return found

    def _about(self, user: AccessClaims, conversation_id: UUID, event_id: UUID) -> _About:
        return {
            "event_id": event_id,
            "occurred_at": self._clock.stamp(),
            "correlation_id": event_id,
            "conversation_id": conversation_id,
            "sender": Sender(id=user.sub, kind=SenderKind.USER, name=user.name),
        }

    async def _publish(self, event: ConversationChange) -> None:
        published = await self._publisher.publish(event)
        if not published.accepted:
            raise NotAcceptedError(published.status, conversation_id=event.conversation_id)
        self._changed.note(event)
