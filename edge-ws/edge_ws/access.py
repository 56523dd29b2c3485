"""Who may see which conversation: learned from the log, asked of the gateway for older ones."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Iterable
from functools import partial
from uuid import UUID

from edge_ws.lives import Lives
from edge_ws.ports import ConversationDirectory, Grant
from schemas.events.chat import SenderKind

MAX_OWNERS = 100_000
"""About 20 MB; an owner never changes, so these do not age."""
MAX_JOINED = 10_000
"""Conversations that agents came into; that does not change either."""
MAX_GRANTS = 10_000
GRANT_SECONDS = 10.0
SECOND_LOOK_SECONDS = 0.2
"""A conversation is on the log before the gateway can read it: its record may be on the way."""


class Access:
    """Answers for one user and one conversation; fails closed."""

    def __init__(self, directory: ConversationDirectory) -> None:
        self._directory = directory
        self.lives = Lives()
        self._owners: OrderedDict[bytes, UUID] = OrderedDict()
        self._agents: OrderedDict[bytes, frozenset[UUID]] = OrderedDict()
        """Who came into which conversation; whether they still may is asked."""
        self._grants: OrderedDict[tuple[bytes, UUID], tuple[float, Grant | None]] = OrderedDict()
        self._asking: dict[tuple[bytes, UUID], asyncio.Task[Grant | None]] = {}

    def learn(self, key: bytes, owner_id: UUID) -> None:
        """Remember whose conversation this is, unless it is gone: its start may come again."""
        if self.lives.deleted(key):
            return
        self._owners[key] = owner_id
        self._owners.move_to_end(key)
        if len(self._owners) > MAX_OWNERS:
            self._owners.popitem(last=False)

    def end(self, key: bytes) -> None:
        """Remember that nothing more is said in this conversation."""
        forgotten = self.lives.end(key)
        if forgotten is not None:
            # Asked for again: who is let in unasked would be let in as if it went on.
            self._owners.pop(forgotten, None)

    def delete(self, key: bytes, owner_id: UUID) -> None:
        """Let nobody into this conversation any more."""
        self.lives.delete(key, owner_id)
        self._owners.pop(key, None)
        self._agents.pop(key, None)

    def forget_all(self) -> None:
        """Ask for everything again: what happened meanwhile is not known."""
        self._owners.clear()
        self._agents.clear()
        self._grants.clear()
        self._asking.clear()

    def owns(self, key: bytes, user_id: UUID) -> bool:
        """Whether this user is known to own the conversation; False says nothing."""
        return self._owners.get(key) == user_id

    def came(self, key: bytes, agents: Iterable[UUID]) -> None:
        """Remember who came into a conversation."""
        known = self._agents.get(key, frozenset()).union(agents)
        if not known:
            return
        self._agents[key] = known
        self._agents.move_to_end(key)
        if len(self._agents) > MAX_JOINED:
            self._agents.popitem(last=False)

    def takes_part(self, key: bytes, user_id: UUID) -> bool:
        """Whether this user is known to own the conversation, or to have come in."""
        return self.owns(key, user_id) or user_id in self._agents.get(key, frozenset())

    def forget(self, *, key: bytes | None = None, user_id: UUID | None = None) -> None:
        """Ask anew about this conversation, or this user; an answer under way does not count."""
        for question in {*self._grants, *self._asking}:
            if key == question[0] or user_id == question[1]:
                self._grants.pop(question, None)
                self._asking.pop(question, None)

    async def kind_of(self, key: bytes, user_id: UUID) -> SenderKind | None:
        """Return what the user is in the conversation, or None when it is not theirs to see.

        Raises:
            RetryableError: it could not be found out.
        """
        if self.owns(key, user_id):
            return SenderKind.USER
        grant = None if self.lives.deleted(key) else await self._grant(key, user_id)
        if grant is None or grant.kind is None or self.lives.deleted(key):
            # Waited for in both cases: what is not there must not be told from what is not theirs.
            await asyncio.sleep(SECOND_LOOK_SECONDS)
            if self.owns(key, user_id):
                return SenderKind.USER
            # Known still, unless a record has told meanwhile that it has changed.
            grant = None if self.lives.deleted(key) else await self._grant(key, user_id)
        return None if grant is None else grant.kind

    async def _grant(self, key: bytes, user_id: UUID) -> Grant | None:
        question = (key, user_id)
        known = self._grants.get(question)
        if known is not None and known[0] > time.monotonic():
            return known[1]
        asking = self._asking.get(question)
        if asking is None:
            asking = self._asking[question] = asyncio.create_task(self._ask(question))
            asking.add_done_callback(partial(self._answered, question))
        # Shielded: others may be waiting for the same answer.
        return await asyncio.shield(asking)

    def _answered(self, question: tuple[bytes, UUID], asking: asyncio.Task[Grant | None]) -> None:
        if self._asking.get(question) is asking:
            del self._asking[question]
        if not asking.cancelled():
            # Read it: everyone who asked may have gone away in the meantime.
            asking.exception()

    async def _ask(self, question: tuple[bytes, UUID]) -> Grant | None:
        key, user_id = question
        grant = await self._directory.look_up(UUID(key.decode("ascii")), user_id)
        if self._asking.get(question) is asyncio.current_task():
            self._grants[question] = (time.monotonic() + GRANT_SECONDS, grant)
            self._grants.move_to_end(question)
            if len(self._grants) > MAX_GRANTS:
                self._grants.popitem(last=False)
        if grant is not None:
            if grant.ended:
                self.end(key)
            self.learn(key, grant.owner_id)
            self.came(key, grant.agents)
        return grant
