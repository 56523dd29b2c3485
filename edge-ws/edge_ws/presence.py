"""Who is here: on which edge somebody has a socket, and who wants to hear of it."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING
from uuid import UUID

import orjson

from edge_ws.chunks import chunks
from edge_ws.framing import model_frame, text_frame
from edge_ws.passing import Passing, Seen
from runtime.errors import RetryableError
from schemas.frames.server import PresenceFrame, PresenceState

if TYPE_CHECKING:
    from edge_ws.access import Access
    from edge_ws.backlog import Backlog
    from edge_ws.connection import Connection, Session
    from schemas.frames.client import SetPresence, WatchPresence

REFRESH_SECONDS = 20.0
"""A third of what an arrival is remembered for: an edge that dies takes its people along."""
AT_ONCE = 25
"""People who are renewed or looked for together; two thousand held up all sockets for 0.15 s."""


class Presence:
    """Counts the sockets of each person here, and tells watchers what changes anywhere.

    Only people of conversations that the watcher has joined are told of; others are passed over.
    """

    def __init__(self, passing: Passing, access: "Access", backlog: "Backlog") -> None:
        self._passing = passing
        self._access = access
        self._backlog = backlog
        self._here: Counter[UUID] = Counter()
        self._idle: Counter[UUID] = Counter()
        """Of these sockets, those of devices that were left alone."""
        self._watchers: dict[UUID, set[Connection]] = {}
        self._watched: dict[Connection, list[UUID]] = {}
        self._told: dict[UUID, PresenceState] = {}
        passing.on_presence = self._hear

    def arrived(self, user_id: UUID) -> None:
        """Count a signed-in socket in."""
        self._change(user_id, here=1)

    def take(
        self, connection: "Connection", session: "Session", frame: "WatchPresence | SetPresence"
    ) -> None:
        """Watch somebody, or note that a device was left alone or is used again."""
        if frame.type == "presence:watch":
            self._watch(connection, session, frame)
            return
        idle = frame.state == PresenceState.AWAY.value
        if idle is not connection.idle:
            self._change(session.user.id, idle=1 if idle else -1)
            connection.idle = idle

    def left(self, connection: "Connection") -> None:
        """Count a closed socket out; whom it watched need not be told of any more."""
        self._unwatch(connection)
        if connection.session is None:
            return
        user_id = connection.session.user.id
        self._change(user_id, here=-1, idle=-1 if connection.idle else 0)

    def _change(self, user_id: UUID, *, here: int = 0, idle: int = 0) -> None:
        before = self._state(user_id)
        for counts, change in ((self._here, here), (self._idle, idle)):
            counts[user_id] += change
            if counts[user_id] <= 0:
                del counts[user_id]
        if self._state(user_id) is not before:
            self._passing.say(partial(self._announce, user_id))

    def _state(self, user_id: UUID) -> PresenceState:
        """Return what somebody is on this edge; on another they may be more."""
        if not self._here[user_id]:
            return PresenceState.OFFLINE
        idle = self._idle[user_id] >= self._here[user_id]
        return PresenceState.AWAY if idle else PresenceState.ONLINE

    def _watch(self, connection: "Connection", session: "Session", frame: "WatchPresence") -> None:
        """Tell this socket of these people, now and when it changes."""
        self._unwatch(connection)
        wanted = [
            each
            for each in dict.fromkeys(frame.user_ids)
            if each == session.user.id or self._met(connection, each)
        ]
        for user_id in wanted:
            self._watchers.setdefault(user_id, set()).add(connection)
        if wanted:
            self._watched[connection] = wanted
            self._passing.say(partial(self._tell_now, connection, wanted))

    async def refresh_for_ever(self) -> None:
        """Renew who is here, and look who died elsewhere, until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS / 2)
            with suppress(RetryableError):
                await self.refresh(over=REFRESH_SECONDS / 2)

    async def refresh(self, over: float = 0.0) -> None:
        """Renew who is here, and tell watchers of those who vanished without a word.

        A few at a time, spread over so many seconds: sockets are served in between.

        Raises:
            RetryableError: Valkey is away.
        """
        here, watched = (chunks(list(people), AT_ONCE) for people in (self._here, self._watchers))
        pause = over / max(1, len(here) + len(watched))
        for people in here:
            await self._renew(people)
            await asyncio.sleep(pause)
        for people in watched:
            await self._look_again(people)
            await asyncio.sleep(pause)

    async def _renew(self, people: Sequence[UUID]) -> None:
        # Who has left meanwhile is neither.
        active = [each for each in people if self._state(each) is PresenceState.ONLINE]
        idle = [each for each in people if self._state(each) is PresenceState.AWAY]
        if active or idle:
            await self._passing.whispers.arrive(active, idle)

    async def _look_again(self, people: Sequence[UUID]) -> None:
        watched = [each for each in people if each in self._watchers]
        for user_id, seen in zip(watched, await self._passing.whispers.look(watched), strict=True):
            frame = _frame(user_id, seen)
            if self._told.get(user_id) is not frame.state:
                self._hear(frame.model_dump_json(exclude_none=True).encode())

    def _met(self, connection: "Connection", user_id: UUID) -> bool:
        return any(
            self._access.takes_part(key, user_id) or self._backlog.spoke(key, user_id)
            for key in connection.joined
        )

    def _unwatch(self, connection: "Connection") -> None:
        for user_id in self._watched.pop(connection, ()):
            watchers = self._watchers[user_id]
            watchers.discard(connection)
            if not watchers:
                del self._watchers[user_id]
                self._told.pop(user_id, None)

    def _hear(self, whisper: bytes) -> None:
        fields = orjson.loads(whisper)
        user_id = UUID(fields["user_id"])
        watchers = self._watchers.get(user_id)
        if watchers is None:
            return
        self._told[user_id] = PresenceState(fields["state"])
        frame = text_frame(whisper)
        for connection in watchers:
            connection.push(frame)

    async def _announce(self, user_id: UUID) -> None:
        whispers = self._passing.whispers
        match self._state(user_id):
            case PresenceState.ONLINE:
                await whispers.arrive([user_id])
            case PresenceState.AWAY:
                await whispers.arrive([], [user_id])
            case PresenceState.OFFLINE:
                await whispers.leave(user_id)
        [seen] = await whispers.look([user_id])
        await whispers.tell(_frame(user_id, seen).model_dump_json(exclude_none=True).encode())

    async def _tell_now(self, connection: "Connection", user_ids: list[UUID]) -> None:
        found = await self._passing.whispers.look(user_ids)
        for user_id, seen in zip(user_ids, found, strict=True):
            frame = _frame(user_id, seen)
            self._told[user_id] = frame.state
            connection.push(model_frame(frame))


def _frame(user_id: UUID, seen: Seen) -> PresenceFrame:
    last_seen = None if seen.state is PresenceState.ONLINE else seen.last_seen
    return PresenceFrame(user_id=user_id, state=seen.state, last_seen=last_seen)
