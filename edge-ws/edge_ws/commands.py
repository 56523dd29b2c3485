"""What each client frame does; nothing here waits for Kafka."""

from functools import partial
from typing import TYPE_CHECKING, assert_never
from uuid import UUID

from edge_ws import endings
from edge_ws.backlog import Backlog
from edge_ws.changes import Changes, Waiting
from edge_ws.framing import ack_frame, error_frame, pong_frame, rejection_frame
from edge_ws.joining import Join, Joining
from edge_ws.publishing import RETRY_AFTER_MS, Publishing
from runtime.errors import RetryableError
from schemas import ids
from schemas.events.chat import (
    ConversationHandedOver,
    ConversationStarted,
    MessageSent,
    Sender,
    SenderKind,
)
from schemas.frames.client import (
    AnyFrame,
    Connect,
    ConversationJoin,
    ConversationLeave,
    ConversationStart,
    DeleteMessage,
    EditMessage,
    HandOver,
    MarkDelivered,
    MarkRead,
    Ping,
    RateReply,
    React,
    RegenerateReply,
    SendMessage,
    SetPresence,
    StopReply,
    Typing,
    WatchPresence,
)
from schemas.frames.codes import AckStatus, ErrorCode

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
        joining: Joining,
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
        self._joining = joining
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
        late = endings.refusal(self._access, connection, session, frame)
        if late is None:
            return self._carry_out(connection, session, frame)
        connection.push(_refused(frame, *late))
        return None

    def _carry_out(
        self, connection: "Connection", session: "Session", frame: AnyFrame
    ) -> Waiting | None:
        match frame:
            case SendMessage() | HandOver():
                self._say(connection, session, frame)
            case ConversationStart():
                return self._start(connection, session, frame)
            case ConversationJoin():
                return self._join(connection, session, frame)
            case (
                EditMessage()
                | DeleteMessage()
                | React()
                | RateReply()
                | MarkRead()
                | MarkDelivered()
                | StopReply()
                | RegenerateReply()
            ):
                return self._changes.handle(connection, session, frame)
            case Typing():
                self._passing.typing(connection, session, frame)
            case WatchPresence() | SetPresence():
                self._presence.take(connection, session, frame)
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

    def _say(
        self, connection: "Connection", session: "Session", frame: SendMessage | HandOver
    ) -> None:
        kind = connection.joined.get(key_of(frame.conversation_id))
        if kind is None:
            connection.push(
                rejection_frame(frame.ref, ErrorCode.NOT_JOINED, "join the conversation first")
            )
            return
        if self._publishing.full(connection, frame.ref):
            return
        sender = Sender(id=session.user.id, kind=kind, name=session.user.name)
        if isinstance(frame, SendMessage):
            self._send(connection, sender, frame)
        else:
            self._hand_over(connection, sender, frame)

    def _send(self, connection: "Connection", sender: Sender, frame: SendMessage) -> None:
        if frame.attachments:
            # Nothing can be attached yet, so there is none of any id.
            connection.push(
                rejection_frame(frame.ref, ErrorCode.ATTACHMENT_MISSING, "no such attachment")
            )
            return
        message_id = ids.message_id(sender.id, frame.conversation_id, frame.client_message_id)
        event_id = ids.event_id(MessageSent.event_type, message_id)
        asked_at = self._clock.stamp()
        event = MessageSent(
            event_id=event_id,
            occurred_at=asked_at,
            correlation_id=event_id,
            conversation_id=frame.conversation_id,
            message_id=message_id,
            sender=sender,
            text=frame.text,
            reply_to=frame.reply_to,
            client_message_id=frame.client_message_id,
            # Only people's own questions are answered by the assistant.
            answer_by=asked_at + self._answer_within if sender.kind is SenderKind.USER else None,
        )
        self._publishing.publish(connection, frame.ref, event, message_id=message_id)

    def _hand_over(self, connection: "Connection", sender: Sender, frame: HandOver) -> None:
        conversation_id = frame.conversation_id
        client_id = frame.client_event_id or ids.frame_id(connection.id, frame.ref)
        event_id = ids.change_event_id(
            ConversationHandedOver.event_type, sender.id, conversation_id, client_id
        )
        event = ConversationHandedOver(
            event_id=event_id,
            occurred_at=self._clock.stamp(),
            correlation_id=event_id,
            conversation_id=conversation_id,
            sender=sender,
            to=frame.to,
            note=frame.note,
        )
        self._publishing.publish(connection, frame.ref, event, conversation_id=conversation_id)

    def _start(
        self, connection: "Connection", session: "Session", frame: ConversationStart
    ) -> Waiting | None:
        owner = session.user.id
        conversation_id = ids.conversation_id(owner, frame.client_conversation_id)
        key = key_of(conversation_id)
        if self._access.lives.was_of(key, owner):
            connection.push(_refused(frame, ErrorCode.NOT_FOUND, "the conversation was deleted"))
            return None
        if self._access.owns(key, owner) and self._backlog.opened:
            return self._joining.enter(
                connection, Join(frame.ref, conversation_id, SenderKind.USER, positions=())
            )
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
            return self._joining.enter(connection, _join_of(frame, SenderKind.USER))
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
        waiting = self._joining.enter(connection, _join_of(frame, kind))
        if waiting is not None:
            await waiting()


def key_of(conversation_id: UUID) -> bytes:
    """Return the record key of a conversation's events."""
    return str(conversation_id).encode("ascii")


def _refused(frame: AnyFrame, code: ErrorCode, detail: str) -> bytes:
    # What is not acknowledged, or has no name, is refused by an `error`.
    ref = getattr(frame, "ref", None)
    if ref is None or isinstance(frame, Typing):
        return error_frame(code, detail, ref)
    return rejection_frame(ref, code, detail)


def _join_of(frame: ConversationJoin, kind: SenderKind) -> Join:
    return Join(frame.ref, frame.conversation_id, kind, frame.positions, frame.epoch)
