"""Follows the log for ever: every record once, into its ring and out to its sockets."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import structlog

from edge_ws import endings, timings
from edge_ws.backlog import Backlog, log_of
from edge_ws.framing import model_frame
from edge_ws.ports import Log, RecordSource, TailedRecord
from edge_ws.reading import Pushed, UnreadableError, checked, pushed_of
from edge_ws.redaction import redaction_for
from edge_ws.ring import Ring
from runtime import metrics
from runtime.clock import server_seconds
from runtime.trail import TRAIL
from schemas.events.chat import (
    AgentJoined,
    ConversationHandedOver,
    ConversationStarted,
    MessageDeleted,
)
from schemas.events.replies import ReplyFailed, ReplyGenerated
from schemas.frames.server import DELTA_FRAME, FRAME_OF_EVENT, Reset
from schemas.topics import Topic

if TYPE_CHECKING:
    from edge_ws.access import Access
    from edge_ws.fanout import Fanout
    from runtime.clock import HybridLogicalClock

BACKOFF_SECONDS = (0.1, 0.5, 1.0, 2.0, 5.0)

logger = structlog.get_logger(__name__)


class Tail:
    """Owns the positions: a source that fails is replaced, and the next one goes on from there."""

    def __init__(
        self,
        create: Callable[[], RecordSource],
        *,
        backlog: Backlog,
        fanout: "Fanout",
        access: "Access",
        clock: "HybridLogicalClock",
    ) -> None:
        self._create = create
        self._backlog = backlog
        self._fanout = fanout
        self._access = access
        self._clock = clock
        self.following = False

    async def run(self) -> None:
        """Follow until cancelled."""
        failures = 0
        while True:
            source = self._create()
            try:
                await self._follow(source)
            except Exception as error:  # noqa: BLE001 - the boundary: whatever it is, go on from here
                failures = 0 if self.following else failures + 1
                timings.tail_restarts.inc()
                logger.warning("tail_restarts", error=type(error).__name__, failures=failures)
            finally:
                self.following = False
                await source.stop()
            await asyncio.sleep(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])

    async def _follow(self, source: RecordSource) -> None:
        started = await source.start(self._backlog.ends)
        if self._backlog.opened and source.epoch != self._backlog.epoch:
            logger.warning("tail_history_changed")
            self._backlog.forget()
            self._access.forget_all()
            self._tell_reset(None, source.epoch)
            return
        self._backlog.open(source.epoch, started, source.ends)
        self.following = True
        logger.info("tail_follows", logs=len(started))
        while True:
            for log, records in (await source.poll()).items():
                if log.topic is Topic.CHAT_REPLY_DELTAS:
                    self.take_pieces(log, records)
                else:
                    self.take(log, records)

    def take_pieces(self, log: Log, records: Sequence[TailedRecord]) -> None:
        """Add the next records to the answers that are being written, and push them."""
        for record in records:
            self._backlog.drafts.ends[log] = record.offset + 1
            if record.key is None or record.value is None:
                continue
            if self._access.lives.deleted(record.key):
                continue
            try:
                payload = self._backlog.drafts.take(record.key, checked(record.value))
            except (UnreadableError, KeyError, TypeError, ValueError):
                timings.records_skipped.labels("delta").inc()
                continue
            if payload is not None and (sockets := self._fanout.deliver(record.key, payload)):
                metrics.frames_out.labels(DELTA_FRAME).inc(sockets)
                timings.fanout_seconds.observe(
                    max(0.0, server_seconds() - record.timestamp / 1_000)
                )

    def take(self, log: Log, records: Sequence[TailedRecord]) -> None:
        """Keep and push the next records of one log."""
        ring = self._backlog.ring(log)
        for record in records:
            if record.offset != ring.end:
                ring = self._skipped_to(log, record.offset, ring)
            try:
                pushed = self._read(log, record)
            except UnreadableError as reason:
                timings.records_skipped.labels(str(reason)).inc()
                ring.pass_over(record.offset)
                continue
            if self._comes_too_late(pushed):
                ring.pass_over(record.offset)
                continue
            self._end(pushed)
            ring.keep(record.offset, pushed.key, pushed.payload, time.monotonic())
            if pushed.frame_type in _ENDS_OF_DRAFTS:
                self._backlog.drafts.end_by(pushed.fields)
            if pushed.frame_type == _DELETED:
                ring.rewrite(pushed.key, redaction_for(pushed.payload))
            sockets = self._fanout.deliver(
                pushed.key,
                pushed.payload,
                pushed.owner_id,
                desk=pushed.frame_type in _FOR_THE_DESK,
            )
            if pushed.frame_type == endings.DELETED:
                self._fanout.dismiss(pushed.key)
            if TRAIL.follows(pushed.fields.get("correlation_id")):
                _note(log, record.offset, pushed, sockets)
            if sockets:
                metrics.frames_out.labels(pushed.frame_type).inc(sockets)
                timings.fanout_seconds.observe(
                    max(0.0, server_seconds() - record.timestamp / 1_000)
                )

    def _read(self, log: Log, record: TailedRecord) -> Pushed:
        pushed = pushed_of(log, record)
        self._observe(pushed.time)
        if pushed.event_type == ConversationStarted.event_type and pushed.owner_id is not None:
            self._access.learn(pushed.key, pushed.owner_id)
        agent_id = _agent_of(pushed)
        if agent_id is not None:
            self._access.came(pushed.key, [agent_id])
            self._access.forget(key=pushed.key)
        return pushed

    def _comes_too_late(self, pushed: Pushed) -> bool:
        """Whether the conversation is gone: nothing of it may come back, its end included."""
        return self._access.lives.deleted(pushed.key)

    def _end(self, pushed: Pushed) -> None:
        if pushed.frame_type == endings.ENDED:
            self._access.end(pushed.key)
        elif pushed.frame_type == endings.DELETED and pushed.owner_id is not None:
            self._access.delete(pushed.key, pushed.owner_id)
            self._backlog.purge(pushed.key)

    def _observe(self, event_time: bytes | None) -> None:
        try:
            seen = datetime.fromisoformat((event_time or b"").decode("ascii"))
        except ValueError:
            return
        if seen.tzinfo is not None:
            self._clock.observe(seen)

    def _skipped_to(self, log: Log, offset: int, ring: Ring) -> Ring:
        # Deleted by retention while the broker was away, or cut off there: what was between is
        # not to be had from the log any more, so nobody may believe to have seen it.
        logger.error(
            "tail_skipped",
            topic=log.topic,
            partition=log.partition,
            expected=ring.end,
            found=offset,
        )
        fresh = self._backlog.restart(log, offset)
        self._access.forget_all()
        self._tell_reset(log)
        return fresh

    def _tell_reset(self, log: Log | None, epoch: str | None = None) -> None:
        for key, connection in self._fanout.memberships():
            if log is None or log_of(log.topic, key) == log:
                conversation_id = UUID(key.decode("ascii"))
                reset = Reset(
                    conversation_id=conversation_id, reason="history changed", epoch=epoch
                )
                connection.push(model_frame(reset))


_ENDS_OF_DRAFTS = {FRAME_OF_EVENT[each.event_type] for each in (ReplyGenerated, ReplyFailed)}
_DELETED = FRAME_OF_EVENT[MessageDeleted.event_type]

_FOR_THE_DESK = {FRAME_OF_EVENT[each.event_type] for each in (ConversationHandedOver, AgentJoined)}


def _agent_of(pushed: Pushed) -> UUID | None:
    """Return who comes into the conversation, if somebody does."""
    if pushed.event_type != AgentJoined.event_type:
        return None
    sender = pushed.fields["sender"]
    return _id(sender.get("id") if isinstance(sender, Mapping) else None)


def _id(field: object) -> UUID:
    try:
        return UUID(str(field))
    except ValueError:
        raise UnreadableError("schema") from None


def _note(log: Log, offset: int, pushed: Pushed, sockets: int) -> None:
    TRAIL.note(
        "event_pushed",
        correlation_id=pushed.fields.get("correlation_id"),
        frame_type=pushed.frame_type,
        topic=log.topic,
        partition=log.partition,
        offset=offset,
        sockets=sockets,
    )
