"""Conversations by REST: start, speak, list, read; and who may."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Generic, NoReturn, TypeVar
from uuid import UUID, uuid4

from gateway.chat.changed import ChangedConversations
from gateway.chat.ports import (
    ACTIVE,
    DELETED,
    Conversation,
    Conversations,
    Handover,
    Place,
    ReadMark,
    Utterance,
)
from gateway.chat.young import YoungConversations
from producers.ports import EventPublisher, PublishStatus
from runtime import metrics
from runtime.clock import HybridLogicalClock
from runtime.errors import DomainError, RetryableError
from schemas import ids
from schemas.claims import AccessClaims
from schemas.events.chat import (
    ConversationHandedOver,
    ConversationStarted,
    Handler,
    MessageSent,
    Sender,
    SenderKind,
)
from schemas.positions import Position, reaches

if TYPE_CHECKING:
    from gateway.chat.agents import Agents

Item = TypeVar("Item")


class NotAcceptedError(Exception):
    """The log did not confirm an event; repeating it under the same client id is safe."""

    def __init__(self, status: PublishStatus, **made: UUID) -> None:
        super().__init__(status)
        self.status = status
        self.made = made


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Items and where the next page begins, if there is one."""

    items: Sequence[Item]
    next: Place | None


class Conversing:
    """What the chat routes do."""

    def __init__(
        self,
        *,
        conversations: Conversations,
        publisher: EventPublisher,
        clock: HybridLogicalClock,
        young: YoungConversations,
        changed: ChangedConversations,
        agents: "Agents",
        answer_within: timedelta,
    ) -> None:
        self._conversations = conversations
        self._publisher = publisher
        self._clock = clock
        self._young = young
        self._changed = changed
        self._agents = agents
        self._answer_within = answer_within

    async def start(
        self, user: AccessClaims, client_id: UUID | None, title: str | None
    ) -> Conversation:
        """Open a conversation.

        Raises:
            DomainError: it was started under this client id before, and is deleted.
            NotAcceptedError: the log did not confirm it.
        """
        client_id = client_id or uuid4()
        conversation_id = ids.conversation_id(user.sub, client_id)
        known = await self._stored_if_reachable(conversation_id)
        if known is not None:
            return _there(known)
        event_id = ids.event_id(ConversationStarted.event_type, conversation_id)
        event = ConversationStarted(
            event_id=event_id,
            occurred_at=self._clock.stamp(),
            correlation_id=event_id,
            conversation_id=conversation_id,
            owner_id=user.sub,
            title=title,
            client_conversation_id=client_id,
        )
        published = await self._publisher.publish(event)
        if not published.accepted:
            raise NotAcceptedError(published.status, conversation_id=conversation_id)
        started = Conversation(
            conversation_id, user.sub, title, ACTIVE, event.occurred_at, owner_name=user.name
        )
        self._young.add(started)
        return started

    async def say(
        self, user: AccessClaims, conversation_id: UUID, client_message_id: UUID, text: str
    ) -> UUID:
        """Put a message on the log and return its id.

        Raises:
            DomainError: the conversation is not the user's, or has ended.
            NotAcceptedError: the log did not confirm it.
        """
        sender = await self._sender_in(user, conversation_id)
        message_id = ids.message_id(user.sub, conversation_id, client_message_id)
        event_id = ids.event_id(MessageSent.event_type, message_id)
        asked_at = self._clock.stamp()
        event = MessageSent(
            event_id=event_id,
            occurred_at=asked_at,
            correlation_id=event_id,
            conversation_id=conversation_id,
            message_id=message_id,
            sender=sender,
            text=text,
            client_message_id=client_message_id,
            answer_by=asked_at + self._answer_within if sender.kind is SenderKind.USER else None,
        )
        published = await self._publisher.publish(event)
        if not published.accepted:
            raise NotAcceptedError(published.status, message_id=message_id)
        metrics.chat_messages.labels(sender.kind.value).inc()
        return message_id

    async def hand_over(
        self,
        user: AccessClaims,
        conversation_id: UUID,
        to: Handler,
        note: str | None,
        client_event_id: UUID | None,
    ) -> None:
        """Let a person answer in a conversation from now on, or the assistant again.

        Raises:
            DomainError: the conversation is not the user's, or has ended.
            NotAcceptedError: the log did not confirm it.
        """
        sender = await self._sender_in(user, conversation_id)
        event_id = ids.change_event_id(
            ConversationHandedOver.event_type, user.sub, conversation_id, client_event_id or uuid4()
        )
        event = ConversationHandedOver(
            event_id=event_id,
            occurred_at=self._clock.stamp(),
            correlation_id=event_id,
            conversation_id=conversation_id,
            sender=sender,
            to=to,
            note=note,
        )
        published = await self._publisher.publish(event)
        if not published.accepted:
            raise NotAcceptedError(published.status, conversation_id=conversation_id)

    async def enter(self, user_id: UUID, conversation_id: UUID) -> Conversation:
        """Return a conversation that this user may be in, as its owner or as an agent.

        Raises:
            DomainError: there is none, or it is another's; which of them is not told.
        """
        found, kind = await self.access(user_id, conversation_id)
        if kind is None:
            not_found()
        return found

    async def access(
        self, user_id: UUID, conversation_id: UUID
    ) -> tuple[Conversation, SenderKind | None]:
        """Return a conversation and what this user is in it; None when it is not theirs.

        Raises:
            DomainError: there is none.
        """
        found = await self._known(conversation_id)
        return found, await self._agents.kind_of(user_id, found)

    async def conversations_of(
        self, user_id: UUID, before: Place | None, limit: int
    ) -> Page[Conversation]:
        """Return a page of the user's conversations, the last started first."""
        found = await self._conversations.newest_of(user_id, before, limit + 1)
        shown = [self._changed.applied_to(one) for one in found[:limit]]
        following = found[limit - 1].place if len(found) > limit else None
        return Page([one for one in shown if one.status != DELETED], following)

    async def history(
        self, user_id: UUID, entered: Conversation, before: Place | None, limit: int
    ) -> Page[Utterance]:
        """Return a page of what was said, in order; the next page is the one before it."""
        found = await self._conversations.newest_in(entered.id, user_id, before, limit + 1)
        page = found[:limit]
        return Page(page[::-1], page[-1].place if len(found) > limit else None)

    async def read_marks(self, conversation_id: UUID) -> Sequence[ReadMark]:
        """Return how far each has read; the caller has checked who asks."""
        return await self._conversations.read_marks(conversation_id)

    async def delivery_marks(self, conversation_id: UUID) -> Sequence[ReadMark]:
        """Return how far what was said has reached each; the caller has checked who asks."""
        return await self._conversations.delivery_marks(conversation_id)

    async def handover(self, conversation_id: UUID) -> Handover | None:
        """Return the latest hand-over, if there was any; the caller has checked who asks."""
        return await self._conversations.handover(conversation_id)

    async def reached(self, conversation_id: UUID) -> Sequence[Position]:
        """Return up to where on the log the history is complete that is read after this."""
        return await self._conversations.reached(conversation_id)

    async def message(
        self, conversation_id: UUID, message_id: UUID, needed: Sequence[Position] = ()
    ) -> Utterance:
        """Return something said in a conversation, whoever asks.

        Raises:
            DomainError: there is no such thing in it, or it is deleted as a whole.
            RetryableError: there is none yet, and history has not come up to what is needed.
        """
        # Before the row: what is stored in between must not count as not there.
        reached = await self._conversations.reached(conversation_id) if needed else ()
        whole = await self._stored(conversation_id)
        found = await self._conversations.find_message(conversation_id, message_id)
        deleted = whole is not None and whole.status == DELETED
        if found is None and not deleted and not reaches(reached, needed):
            raise RetryableError("history is not complete up to there")
        if found is None or deleted:
            not_found()
        return found

    async def _sender_in(self, user: AccessClaims, conversation_id: UUID) -> Sender:
        """Return the user as who they speak as in an active conversation."""
        conversation, kind = await self.access(user.sub, conversation_id)
        if kind is None:
            not_found()
        if conversation.status != ACTIVE:
            raise DomainError("conversation_ended", "The conversation has ended.", status=409)
        return Sender(id=user.sub, kind=kind, name=user.name)

    async def _known(self, conversation_id: UUID) -> Conversation:
        found = await self._stored(conversation_id)
        if found is None:
            not_found()
        return _there(found)

    async def _stored_if_reachable(self, conversation_id: UUID) -> Conversation | None:
        # Only the log is needed to start one; a repeat is the same event and changes nothing.
        try:
            return await self._stored(conversation_id)
        except RetryableError:
            return None

    async def _stored(self, conversation_id: UUID) -> Conversation | None:
        """Return a conversation as it is now, a deleted one too."""
        young = self._young.find(conversation_id)
        try:
            found = await self._conversations.find(conversation_id)
        except RetryableError:
            if young is None:
                raise
            found = None
        known = found or young
        return None if known is None else self._changed.applied_to(known)


def _there(found: Conversation) -> Conversation:
    if found.status == DELETED:
        not_found()
    return found


def not_found() -> NoReturn:
    """Refuse what is not there, or another's; which of them is not told.

    Raises:
        DomainError: always.
    """
    detail = "There is no such thing here, or it is not yours."
    raise DomainError("not_found", detail, status=404)
