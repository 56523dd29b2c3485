"""What each client frame does; nothing here waits for Kafka."""

from functools import partial
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

from edge_ws.backlog import Backlog, seen_by
from edge_ws.changes import Changes, Waiting
from edge_ws.framing import (
    ack_frame,
    error_frame,
    model_frame,
    pong_frame,
    rejection_frame,
    text_frame,
)
from edge_ws.framing import replayed_frame as again
from edge_ws.publishing import RETRY_AFTER_MS, Publishing
from runtime.errors import RetryableError
from schemas import ids
from schemas.events.chat import ConversationStarted, MessageSent, Sender, SenderKind
from schemas.frames.client import (
    AnyFrame,
    Connect,
    ConversationJoin,
    ConversationLeave,
    ConversationStart,
    DeleteMessage,
    EditMessage,
    MarkRead,
    Ping,
    React,
    RegenerateReply,
    SendMessage,
    StopReply,
    Typing,
    WatchPresence,
)
from schemas.frames.codes import AckStatus, ErrorCode
from schemas.frames.server import CaughtUp, Reset

if TYPE_CHECKING:
    import asyncio
    from datetime import timedelta

    from edge_ws.access import Access
    from edge_ws.connection import Connection, Session
    from edge_ws.fanout import Fanout
    from edge_ws.passing import Passing
    from edge_ws.presence import Presence
    from runtime.clock import HybridLogicalClock


class Commands:
    """Carries out the frames of signed-in sockets."""

    def __init__(
        self,
        *,
        publishing: Publishing,
        clock: "HybridLogicalClock",
        access: "Access",
        fanout: "Fanout",
        backlog: Backlog,
        changes: Changes,
        passing: "Passing",
        presence: "Presence",
        answer_within: "timedelta",
    ) -> None:
        self._publishing = publishing
        self._clock = clock
        self._access = access
        self._fanout = fanout
        self._backlog = backlog
        self._changes = changes
        self._passing = passing
        self._presence = presence
        self._answer_within = answer_within

    def handle(
        self, connection: "Connection", session: "Session", frame: AnyFrame
    ) -> Waiting | None:
        """Carry out a frame at once, or return what is left to wait for.

        Until that is done the frames behind it must be kept back.
        """
        match frame:
            case SendMessage():
                self._send(connection, session, frame)
            case ConversationStart():
                return self._start(connection, session, frame)
            case ConversationJoin():
                return self._join(connection, session, frame)
            case (
                EditMessage()
                | DeleteMessage()
                | React()
                | MarkRead()
                | StopReply()
                | RegenerateReply()
            ):
                return self._changes.handle(connection, session, frame)
            case Typing():
                self._passing.typing(connection, session, frame)
            case WatchPresence():
                self._presence.watch(connection, session, frame)
            case ConversationLeave():
                self._fanout.leave(key_of(frame.conversation_id), connection)
                connection.push(ack_frame(frame.ref, AckStatus.ACCEPTED))
            case Ping():
                connection.push(pong_frame(frame.ref))
            case Connect():
                connection.push(
                    error_frame(ErrorCode.BAD_FRAME, "the socket is connected already", None)
                )
            case _:
                assert_never(frame)
        return None

    def _send(self, connection: "Connection", session: "Session", frame: SendMessage) -> None:
        kind = connection.joined.get(key_of(frame.conversation_id))
        if kind is None:
            connection.push(
                rejection_frame(frame.ref, ErrorCode.NOT_JOINED, "join the conversation first")
            )
            return
        if self._publishing.full(connection, frame.ref):
            return
        user = session.user
        message_id = ids.message_id(user.id, frame.conversation_id, frame.client_message_id)
        event_id = ids.event_id(MessageSent.event_type, message_id)
        asked_at = self._clock.stamp()
        event = MessageSent(
            event_id=event_id,
            occurred_at=asked_at,
            correlation_id=event_id,
            conversation_id=frame.conversation_id,
            message_id=message_id,
            sender=Sender(id=user.id, kind=kind, name=user.name),
            text=frame.text,
            attachments=frame.attachments,
            reply_to=frame.reply_to,
            client_message_id=frame.client_message_id,
            # Only people's own questions are answered by the assistant.
            answer_by=asked_at + self._answer_within if kind is SenderKind.USER else None,
        )
        self._publishing.publish(connection, frame.ref, event, message_id=message_id)

    def _start(
        self, connection: "Connection", session: "Session", frame: ConversationStart
    ) -> Waiting | None:
        owner = session.user.id
        conversation_id = ids.conversation_id(owner, frame.client_conversation_id)
        key = key_of(conversation_id)
        if self._access.owns(key, owner) and self._backlog.opened:
            return self._enter_soon(connection, frame.ref, conversation_id, SenderKind.USER, None)
        if self._publishing.full(connection, frame.ref):
            return None
        event_id = ids.event_id(ConversationStarted.event_type, conversation_id)
        event = ConversationStarted(
            event_id=event_id,
            occurred_at=self._clock.stamp(),
            correlation_id=event_id,
            conversation_id=conversation_id,
            owner_id=owner,
            title=frame.title,
            client_conversation_id=frame.client_conversation_id,
        )
        # Only its owner can make this id, so joining before the log has it gives nothing away,
        # and messages may follow at once: they stand behind it in the same log.
        self._fanout.join(key, connection, SenderKind.USER)
        publishing = self._publishing.publish(
            connection, frame.ref, event, conversation_id=conversation_id
        )
        publishing.add_done_callback(partial(self._started, key, owner))
        return None

    def _started(self, key: bytes, owner: UUID, publishing: "asyncio.Task[bool]") -> None:
        if not publishing.cancelled() and publishing.exception() is None and publishing.result():
            self._access.learn(key, owner)

    def _join(
        self, connection: "Connection", session: "Session", frame: ConversationJoin
    ) -> Waiting | None:
        key = key_of(frame.conversation_id)
        if not self._backlog.opened:
            connection.push(ack_frame(frame.ref, AckStatus.BUSY, retry_after_ms=RETRY_AFTER_MS))
            return None
        if self._access.owns(key, session.user.id):
            return self._enter_soon(
                connection, frame.ref, frame.conversation_id, SenderKind.USER, frame.positions
            )
        return partial(self._ask_and_enter, connection, session, frame)

    async def _ask_and_enter(
        self, connection: "Connection", session: "Session", frame: ConversationJoin
    ) -> None:
        try:
            kind = await self._access.kind_of(key_of(frame.conversation_id), session.user.id)
        except RetryableError:
            connection.push(ack_frame(frame.ref, AckStatus.BUSY, retry_after_ms=2 * RETRY_AFTER_MS))
            return
        if kind is None:
            connection.push(rejection_frame(frame.ref, ErrorCode.NOT_FOUND, "no such conversation"))
            return
        waiting = self._enter_soon(
            connection, frame.ref, frame.conversation_id, kind, frame.positions
        )
        if waiting is not None:
            await waiting()

    def _enter_soon(
        self,
        connection: "Connection",
        ref: str,
        conversation_id: UUID,
        kind: SenderKind,
        positions: tuple[str, ...] | None,
    ) -> Waiting | None:
        enter = partial(self._enter, connection, ref, conversation_id, kind, positions)
        if connection.outbound.empty:
            enter()
            return None
        # A replay on top of a full queue would look like a slow reader.
        return partial(_after_drain, connection, enter)

    def _enter(
        self,
        connection: "Connection",
        ref: str,
        conversation_id: UUID,
        kind: SenderKind,
        positions: tuple[str, ...] | None,
    ) -> None:
        """Join and replay in one go: no record can come in between."""
        if connection.closing:
            return
        key = key_of(conversation_id)
        self._fanout.join(key, connection, kind)
        connection.push(ack_frame(ref, AckStatus.ACCEPTED, conversation_id=conversation_id))
        if positions:
            if connection.known_epoch not in {None, self._backlog.epoch}:
                connection.push(_reset(conversation_id, "another history"))
                return
            missed = self._backlog.missed(key, seen_by(positions))
            if missed is None:
                connection.push(_reset(conversation_id, "missed more than is kept here"))
                return
        else:
            missed = self._backlog.newest(key)
        for kept in missed:
            connection.push(again(kept.payload))
        for draft in self._backlog.drafts.of(key):
            connection.push(text_frame(draft))
        connection.push(model_frame(CaughtUp(conversation_id=conversation_id)))


def key_of(conversation_id: UUID) -> bytes:
    """Return the record key of a conversation's events."""
    return str(conversation_id).encode("ascii")


def _reset(conversation_id: UUID, reason: str) -> bytes:
    return model_frame(Reset(conversation_id=conversation_id, reason=reason))


async def _after_drain(connection: "Connection", enter: "partial[None]") -> None:
    await connection.outbound.drained()
    enter()
