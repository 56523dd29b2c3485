"""Colleagues in other people's conversations: who may come in, who did, and what waits for them."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from gateway.auth.ports import Account, Accounts
from gateway.chat.changed import ChangedConversations
from gateway.chat.ports import ACTIVE, DELETED, Agent, Conversation, Conversations, Place, Waiting
from gateway.chat.service import NotAcceptedError, Page, not_found
from gateway.chat.young import YoungJoins
from producers.ports import EventPublisher
from runtime.clock import HybridLogicalClock
from runtime.errors import DomainError
from schemas import ids
from schemas.claims import AGENT_ROLES, AccessClaims
from schemas.events.chat import AgentJoined, Handler, Sender, SenderKind

SECOND_LOOK_SECONDS = 0.2
"""A hand-over is heard on sockets before the table knows of it: it may be on the way."""


class Agents:
    """Decides by the account as it is now, never by a token, and by what the log says."""

    def __init__(
        self,
        *,
        accounts: Accounts,
        conversations: Conversations,
        publisher: EventPublisher,
        clock: HybridLogicalClock,
        young: YoungJoins,
        changed: ChangedConversations,
    ) -> None:
        self._accounts = accounts
        self._conversations = conversations
        self._publisher = publisher
        self._clock = clock
        self._young = young
        self._changed = changed

    async def kind_of(self, user_id: UUID, conversation: Conversation) -> SenderKind | None:
        """Return what a user is in a conversation; None when it is not theirs to be in."""
        if conversation.owner_id == user_id:
            return SenderKind.USER
        came = any(agent.id == user_id for agent in await self.of(conversation.id))
        return SenderKind.AGENT if came and await self._account(user_id) else None

    async def of(self, conversation_id: UUID) -> Sequence[Agent]:
        """Return who came into a conversation, the first first; the caller has checked who asks."""
        stored = await self._conversations.agents(conversation_id)
        known = {agent.id for agent in stored}
        young = (each for each in self._young.of(conversation_id) if each.id not in known)
        return [*stored, *young]

    async def join(self, user: AccessClaims, conversation_id: UUID) -> None:
        """Come into a conversation that is with a person, or that one came into before.

        Raises:
            DomainError: there is none, or it is not theirs to join; which of them is not told.
            NotAcceptedError: the log did not confirm it.
        """
        account = await self._account(user.sub)
        came = None if account is None else await self._came(user.sub, conversation_id)
        if account is None or came is None:
            not_found()
        if came:
            return
        event_id = ids.joining_event_id(AgentJoined.event_type, account.id, conversation_id)
        event = AgentJoined(
            event_id=event_id,
            occurred_at=self._clock.stamp(),
            correlation_id=event_id,
            conversation_id=conversation_id,
            sender=Sender(id=account.id, kind=SenderKind.AGENT, name=account.name),
        )
        published = await self._publisher.publish(event)
        if not published.accepted:
            raise NotAcceptedError(published.status, conversation_id=conversation_id)
        self._young.add(conversation_id, Agent(account.id, account.name, event.occurred_at))

    async def waiting(self, user_id: UUID, after: Place | None, limit: int) -> Page[Waiting]:
        """Return a page of the conversations that are with a person, the longest waiting first.

        Raises:
            DomainError: the user is neither agent nor admin.
        """
        if await self._account(user_id) is None:
            raise DomainError("not_allowed", "Only agents and admins may see this.", status=403)
        found = await self._conversations.waiting(after, limit + 1)
        following = found[limit - 1].place if len(found) > limit else None
        return Page([one for one in found[:limit] if self._waits(one)], following)

    def _waits(self, one: Waiting) -> bool:
        return self._changed.applied_to(one.conversation).status == ACTIVE

    async def _came(self, user_id: UUID, conversation_id: UUID) -> bool | None:
        """Return whether somebody came in before; None when it is not theirs to come into."""
        for seconds in (SECOND_LOOK_SECONDS, 0.0):
            stored = await self._conversations.find(conversation_id)
            found = None if stored is None else self._changed.applied_to(stored)
            if found is not None and found.owner_id != user_id and found.status != DELETED:
                if any(agent.id == user_id for agent in await self.of(conversation_id)):
                    return True
                if found.status == ACTIVE and found.handled_by is Handler.AGENT:
                    return False
            await asyncio.sleep(seconds)
        return None

    async def _account(self, user_id: UUID) -> Account | None:
        account = await self._accounts.by_id(user_id)
        if account is None or not account.is_active or account.role not in AGENT_ROLES:
            return None
        return account
