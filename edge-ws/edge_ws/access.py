"""Who may see which conversation: learned from the log, asked of the gateway for older ones."""

import asyncio
import time
from collections import OrderedDict
from functools import partial
from uuid import UUID

from edge_ws.lives import Lives
from edge_ws.ports import ConversationDirectory, Grant
from schemas.events.chat import SenderKind

MAX_OWNERS = 100_000
"""About 20 MB; an owner never changes, so these do not age."""
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

    def forget(self) -> None:
        """Ask for everything again: what happened meanwhile is not known."""
        self._owners.clear()
        self._grants.clear()

    def owns(self, key: bytes, user_id: UUID) -> bool:
        """Whether this user is known to own the conversation; False says nothing."""
        return self._owners.get(key) == user_id

    async def kind_of(self, key: bytes, user_id: UUID) -> SenderKind | None:
        """Return what the user is in the conversation, or None when it is not theirs to see.

        Raises:
            RetryableError: it could not be found out.
        """
        if self.owns(key, user_id):
            return SenderKind.USER
        grant = None if self.lives.deleted(key) else await self._grant(key, user_id)
        if grant is None or not grant.allowed or self.lives.deleted(key):
            # Waited for in both cases: what is not there must not be told from what is not theirs.
            await asyncio.sleep(SECOND_LOOK_SECONDS)
            return SenderKind.USER if self.owns(key, user_id) else None
        return SenderKind.USER if grant.owner_id == user_id else SenderKind.AGENT

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
        del self._asking[question]
        if not asking.cancelled():
            # Read it: everyone who asked may have gone away in the meantime.
            asking.exception()

    async def _ask(self, question: tuple[bytes, UUID]) -> Grant | None:
        key, user_id = question
        grant = await self._directory.look_up(UUID(key.decode("ascii")), user_id)
        self._grants[question] = (time.monotonic() + GRANT_SECONDS, grant)
        self._grants.move_to_end(question)
        if len(self._grants) > MAX_GRANTS:
            self._grants.popitem(last=False)
        if grant is not None:
            if grant.ended:
                self.end(key)
            self.learn(key, grant.owner_id)
        return grant
