"""Entering a conversation: first everything that was missed, then everything live, in one order.

Missed events come from the ring, or from the log itself when the ring is too young (ADR 0016).
A socket hears nothing live of a conversation while older events of it are still to come.
"""

import asyncio
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID

from edge_ws import endings
from edge_ws.backlog import MAX_REPLAY_BYTES, Backlog, seen_by
from edge_ws.framing import ack_frame, model_frame, rejection_frame, text_frame
from edge_ws.framing import replayed_frame as again
from edge_ws.past import Past, Span, TooFarError
from edge_ws.publishing import RETRY_AFTER_MS
from edge_ws.redaction import redact_all
from runtime.errors import RetryableError
from schemas.events.chat import SenderKind
from schemas.frames.codes import AckStatus, ErrorCode
from schemas.frames.server import CaughtUp, Reset
from schemas.positions import Position

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from edge_ws.access import Access
    from edge_ws.changes import Waiting
    from edge_ws.connection import Connection
    from edge_ws.fanout import Fanout
    from edge_ws.ports import Log
    from edge_ws.ring import Kept
    from edge_ws.settings import ResumeSettings

OVERLAP = 256
"""So many records the ring may let go of while those before it are read."""


MAX_HELD_BYTES = 64 * 1024 * 1024
"""Of all replays that wait for their readers; beyond it: busy."""
_ANOTHER = "another history"


class _Part(NamedTuple):
    """A part of what was missed, up to where it reaches, and whether nothing is behind it."""

    events: "list[Kept]"
    reached: "dict[Log, int]"
    last: bool


class Join(NamedTuple):
    """Who wants to enter what, from where on."""

    ref: str
    conversation_id: UUID
    kind: SenderKind
    positions: tuple[str, ...] | None = None
    """None brings none: those of `connect` count then."""
    epoch: str | None = None
    """The history that the positions belong to, where the client says so."""

    @property
    def key(self) -> bytes:
        """The record key of the conversation's events."""
        return str(self.conversation_id).encode("ascii")


class Joining:
    """Lets sockets into conversations that are theirs to see."""

    def __init__(
        self,
        fanout: "Fanout",
        backlog: Backlog,
        past: Past,
        settings: "ResumeSettings",
        access: "Access",
    ) -> None:
        self._fanout = fanout
        self._access = access
        self._backlog = backlog
        self._past = past
        self._most_bytes = settings.bytes
        self._held = 0

    async def stop(self) -> None:
        """Read nothing more; who waits for it is told to ask again."""
        await self._past.stop()

    def enter(self, connection: "Connection", join: Join) -> "Waiting | None":
        """Join and replay at once, or return what is left to wait for."""
        seen, epoch = self._seen(connection, join)
        if seen is None:
            return self._when_empty(connection, partial(self._enter_fresh, connection, join))
        if epoch not in {None, self._backlog.epoch}:
            return self._when_empty(connection, partial(self._reset, connection, join, _ANOTHER))
        missed = self._backlog.missed(join.key, seen)
        if missed is None or not _fits(missed) or not connection.outbound.empty:
            return partial(self._replay, connection, join, seen)
        self._enter(connection, join, missed)
        return None

    def _seen(
        self, connection: "Connection", join: Join
    ) -> "tuple[dict[Log, int] | None, str | None]":
        """Return what not to send again, and the history it belongs to; None enters afresh."""
        if join.positions is not None:
            seen = seen_by(join.positions) if join.positions else None
            return seen, join.epoch or connection.known_epoch
        if join.key in connection.joined:
            # It was told how things stand: this is how it comes back in after a `reset`.
            return None, None
        heard = seen_by(connection.known_positions)
        return self._backlog.missed_and_newest(join.key, heard), connection.known_epoch

    def _when_empty(self, connection: "Connection", enter: "partial[None]") -> "Waiting | None":
        if connection.outbound.empty:
            enter()
            return None
        # A replay on top of a full queue would look like a slow reader.
        return partial(_after_drain, connection, enter)

    def _enter_fresh(self, connection: "Connection", join: Join) -> None:
        self._enter(connection, join, self._backlog.newest(join.key))

    def _enter(
        self, connection: "Connection", join: Join, missed: "Iterable[Kept]", *, ack: bool = True
    ) -> None:
        """Join and replay in one go: no record can come in between."""
        if self._gone(connection, join, acked=not ack):
            return
        self._fanout.join(join.key, connection, join.kind)
        if ack:
            _accept(connection, join)
        for kept in missed:
            connection.push(again(kept.payload))
        for draft in self._backlog.drafts.of(join.key):
            connection.push(text_frame(draft))
        connection.push(
            model_frame(
                CaughtUp(
                    ref=join.ref,
                    conversation_id=join.conversation_id,
                    positions=self._newest(join.key),
                )
            )
        )

    def _reset(
        self, connection: "Connection", join: Join, reason: str, *, ack: bool = True
    ) -> None:
        if self._gone(connection, join, acked=not ack):
            return
        self._fanout.join(join.key, connection, join.kind)
        if ack:
            _accept(connection, join)
        reset = Reset(ref=join.ref, conversation_id=join.conversation_id, reason=reason)
        connection.push(model_frame(reset))

    def _gone(self, connection: "Connection", join: Join, *, acked: bool) -> bool:
        """Say so if the conversation was deleted while something of it was waited for."""
        if not self._access.lives.deleted(join.key):
            return False
        if acked:
            reset = Reset(ref=join.ref, conversation_id=join.conversation_id, reason="deleted")
            connection.push(model_frame(reset))
        else:
            refused = rejection_frame(join.ref, ErrorCode.NOT_FOUND, "no such conversation")
            connection.push(refused)
        return True

    async def _replay(self, connection: "Connection", join: Join, seen: "dict[Log, int]") -> None:
        """Replay more than can be had or sent at once; live events wait until it is done."""
        self._fanout.leave(join.key, connection)
        epoch, acked = self._backlog.epoch, False
        try:
            while True:
                await connection.outbound.drained()
                part = await self._next(join.key, seen)
                if connection.closing or self._gone(connection, join, acked=acked):
                    return
                self._check(epoch)
                if part.last and connection.outbound.empty and _fits(part.events):
                    self._enter(connection, join, part.events, ack=not acked)
                    return
                if not acked:
                    acked = True
                    _accept(connection, join)
                await self._send(connection, join.key, part.events)
                seen.update(part.reached)
        except TooFarError:
            self._reset(connection, join, "missed more than is replayed", ack=not acked)
        except RetryableError:
            if acked:
                self._reset(connection, join, "the log is away", ack=False)
            else:
                retry = 2 * RETRY_AFTER_MS
                connection.push(ack_frame(join.ref, AckStatus.BUSY, retry_after_ms=retry))

    def _check(self, epoch: str) -> None:
        if self._backlog.epoch != epoch:
            raise TooFarError

    async def _next(self, key: bytes, seen: "Mapping[Log, int]") -> "_Part":
        """Return what to send next: from the log while the ring is too young, else the rest."""
        if self._held > MAX_HELD_BYTES or not self._backlog.opened:
            msg = "too many come back at once, or too early"
            raise RetryableError(msg)
        missed = self._backlog.missed(key, seen)
        if missed is not None:
            if _size(missed) > self._most_bytes:
                raise TooFarError
            return _Part(missed, self._ends(key), last=True)
        rings = self._backlog.rings_of(key)
        spans = [
            Span(log, seen.get(log, -1) + 1, min(ring.end, ring.start + OVERLAP))
            for log, ring in rings.items()
            if not ring.reaches_back_to(seen.get(log, -1))
        ]
        found = await asyncio.gather(*(self._past.events(key, span) for span in spans))
        kept = [kept for ring in rings.values() for kept in ring.after(key, -1)]
        read = [each for part in found for each in part]
        endings.learn_of_the_past(self._access, key, read)
        older = redact_all(read, kept)
        return _Part(older, {span.log: span.end - 1 for span in spans}, last=False)

    async def _send(self, connection: "Connection", key: bytes, missed: "Sequence[Kept]") -> None:
        """Replay as fast as it is read; who reads nothing for long is closed by the sweep."""
        size = _size(missed)
        self._held += size
        try:
            room = MAX_REPLAY_BYTES
            for kept in missed:
                room -= len(kept.payload)
                if room < 0:
                    await connection.outbound.drained()
                    if self._access.lives.deleted(key):
                        return
                    room = MAX_REPLAY_BYTES
                connection.push(again(kept.payload))
        finally:
            self._held -= size

    def _ends(self, key: bytes) -> "dict[Log, int]":
        return {log: ring.end - 1 for log, ring in self._backlog.rings_of(key).items()}

    def _newest(self, key: bytes) -> tuple[str, ...]:
        return tuple(
            str(Position(log.topic, log.partition, offset))
            for log, offset in self._ends(key).items()
            if offset >= 0
        )


def _accept(connection: "Connection", join: Join) -> None:
    accepted = ack_frame(join.ref, AckStatus.ACCEPTED, conversation_id=join.conversation_id)
    connection.push(accepted)


def _size(missed: "Sequence[Kept]") -> int:
    return sum(len(kept.payload) for kept in missed)


def _fits(missed: "Sequence[Kept]") -> bool:
    return _size(missed) <= MAX_REPLAY_BYTES


async def _after_drain(connection: "Connection", enter: "partial[None]") -> None:
    await connection.outbound.drained()
    if not connection.closing:
        enter()
