"""What passes: who types and who is here. It may be lost; without Valkey it just vanishes."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol
from uuid import UUID

import orjson
import structlog

from edge_ws import timings
from edge_ws.framing import error_frame
from runtime.errors import RetryableError
from schemas.frames.codes import ErrorCode
from schemas.frames.server import PresenceState, TypingFrame

if TYPE_CHECKING:
    from edge_ws.connection import Connection, Session
    from edge_ws.fanout import Fanout
    from schemas.frames.client import Typing

MAX_UNSAID = 1_000
"""Things to say to Valkey; beyond it they are dropped, as is everything while it is away."""
TYPING_SECONDS = 1.0
"""One socket's `typing` in one conversation is passed on no more often than this."""
BACKOFF_SECONDS = 1.0

logger = structlog.get_logger(__name__)


class Seen(NamedTuple):
    """Whether somebody is here, and when they last were at a device of theirs if not."""

    state: PresenceState
    last_seen: datetime | None = None


class Whispers(Protocol):
    """Tells all edges what need not be kept, and remembers for a while who is here.

    Delivery: at most once, in no order.
    Failure: RetryableError; nothing that was under way comes back.
    """

    async def tell(self, whisper: bytes) -> None:
        """Send a JSON frame to every edge, this one included."""
        ...

    def hear(self) -> AsyncIterator[bytes]:
        """Return what the edges tell from now on."""
        ...

    async def arrive(self, user_ids: list[UUID], away: Sequence[UUID] = ()) -> None:
        """Say that these are on this edge, for a minute, and those too but not at their devices."""
        ...

    async def leave(self, user_id: UUID) -> None:
        """Say that this one is on this edge no more."""
        ...

    async def look(self, user_ids: list[UUID]) -> list[Seen]:
        """Return who is on any edge."""
        ...


class Passing:
    """Says and hears whispers beside the sockets, which never wait for them."""

    def __init__(self, whispers: Whispers, fanout: "Fanout") -> None:
        self.whispers = whispers
        self._fanout = fanout
        self._unsaid: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue(MAX_UNSAID)
        self._typed: dict[tuple[UUID, UUID], float] = {}
        self.on_presence: Callable[[bytes], None] = _ignore

    def typing(self, connection: "Connection", session: "Session", frame: "Typing") -> None:
        """Tell the others in the conversation that somebody writes, now and then."""
        if str(frame.conversation_id).encode("ascii") not in connection.joined:
            connection.push(
                error_frame(ErrorCode.NOT_JOINED, "join the conversation first", frame.ref)
            )
            return
        now, place = time.monotonic(), (connection.id, frame.conversation_id)
        if frame.active and now - self._typed.get(place, -TYPING_SECONDS) < TYPING_SECONDS:
            return
        self._forget_typing(now)
        if frame.active:
            self._typed[place] = now
        else:
            self._typed.pop(place, None)
        whisper = TypingFrame(
            conversation_id=frame.conversation_id, user_id=session.user.id, active=frame.active
        )
        body = whisper.model_dump_json().encode()
        self.say(lambda: self.whispers.tell(body))

    def say(self, telling: Callable[[], Awaitable[None]]) -> None:
        """Do this soon, or not at all."""
        try:
            self._unsaid.put_nowait(telling)
        except asyncio.QueueFull:
            timings.whispers_lost.inc()

    async def say_for_ever(self) -> None:
        """Say what there is to say until cancelled."""
        while True:
            telling = await self._unsaid.get()
            try:
                await telling()
            except RetryableError:
                # Late whispers are lies: what waits behind this one is dropped with it.
                timings.whispers_lost.inc(1 + self._unsaid.qsize())
                while not self._unsaid.empty():
                    self._unsaid.get_nowait()

    async def hear_for_ever(self) -> None:
        """Push what is heard until cancelled."""
        while True:
            try:
                async for whisper in self.whispers.hear():
                    self._push(whisper)
            except RetryableError as error:
                logger.warning("whispers_away", error=str(error))
            await asyncio.sleep(BACKOFF_SECONDS)

    def _push(self, whisper: bytes) -> None:
        try:
            frame = orjson.loads(whisper)
            if frame["type"] == "typing":
                key = str(UUID(frame["conversation_id"])).encode("ascii")
                self._fanout.deliver(key, whisper)
            elif frame["type"] == "presence":
                self.on_presence(whisper)
        except (ValueError, KeyError, TypeError, AttributeError):
            timings.whispers_lost.inc()

    def _forget_typing(self, now: float) -> None:
        if len(self._typed) > MAX_UNSAID:
            fresh = now - TYPING_SECONDS
            self._typed = {place: at for place, at in self._typed.items() if at > fresh}


def _ignore(_: bytes) -> None:
    """Nobody watches yet."""
