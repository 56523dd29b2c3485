"""What people do to messages that are there: edit, delete, react, rate, read, ask anew.

Whose a message is decides the edge, so that nothing unauthorised ever reaches the log (ADR 0013).
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypedDict
from uuid import UUID

from edge_ws.framing import ack_frame, error_frame, rejection_frame
from edge_ws.publishing import RETRY_AFTER_MS, Publishing
from runtime.errors import RetryableError
from schemas import ids
from schemas.events.chat import (
    FeedbackGiven,
    MessageDeleted,
    MessageEdited,
    MessageEvent,
    MessagesDelivered,
    MessagesRead,
    ReactionSet,
    ReplyRegenerateAsked,
    ReplyStopAsked,
    Sender,
    SenderKind,
)
from schemas.frames.client import (
    ChangeFrame,
    DeleteMessage,
    EditMessage,
    MarkDelivered,
    MarkRead,
    RateReply,
    React,
    RegenerateReply,
    StopReply,
)
from schemas.frames.codes import AckStatus, ErrorCode

if TYPE_CHECKING:
    from edge_ws.backlog import Backlog
    from edge_ws.connection import Connection, Session
    from edge_ws.ports import ConversationDirectory, KnownMessage
    from runtime.clock import HybridLogicalClock

SECOND_LOOK_SECONDS = 0.2
"""A message is accepted before the tail or the gateway can read it: it may be on the way."""

Waiting = Callable[[], Coroutine[object, object, None]]
"""What is left of a frame that has to wait for something."""


class _About(TypedDict):
    """The fields that all changes have."""

    event_id: UUID
    occurred_at: datetime
    correlation_id: UUID
    conversation_id: UUID
    message_id: UUID
    sender: Sender


class _Change(NamedTuple):
    """A frame, and who sent it."""

    connection: "Connection"
    sender: Sender
    frame: ChangeFrame

    def reject(self, code: ErrorCode, detail: str) -> None:
        """Say that repeating will not help."""
        ref = self.frame.ref
        if ref is None:
            self.connection.push(error_frame(code, detail, None))
        else:
            self.connection.push(rejection_frame(ref, code, detail))

    def put_off(self) -> None:
        """Say that it may be repeated; what has no `ref` may be lost."""
        ref = self.frame.ref
        if ref is not None:
            busy = ack_frame(ref, AckStatus.BUSY, retry_after_ms=2 * RETRY_AFTER_MS)
            self.connection.push(busy)

    @property
    def client_event_id(self) -> UUID:
        """What the client calls it; a frame without a name of its own is named by its `ref`."""
        named = getattr(self.frame, "client_event_id", None)
        return named or ids.frame_id(self.connection.id, str(self.frame.ref))


class Changes:
    """Checks changes against the message they are about, and publishes them."""

    def __init__(
        self,
        *,
        publishing: Publishing,
        clock: "HybridLogicalClock",
        backlog: "Backlog",
        directory: "ConversationDirectory",
    ) -> None:
        self._publishing = publishing
        self._clock = clock
        self._backlog = backlog
        self._directory = directory

    def handle(
        self, connection: "Connection", session: "Session", frame: ChangeFrame
    ) -> Waiting | None:
        """Carry a change out, or return what is left when the message has to be looked up."""
        key = str(frame.conversation_id).encode("ascii")
        kind = connection.joined.get(key)
        sender = Sender(id=session.user.id, kind=kind or SenderKind.USER, name=session.user.name)
        change = _Change(connection, sender, frame)
        if kind is None:
            change.reject(ErrorCode.NOT_JOINED, "join the conversation first")
            return None
        if self._publishing.full(connection, frame.ref):
            return None
        known = self._lately_said(key, frame)
        if known is not None:
            self._decide(change, known)
            return None
        return partial(self._look_up_and_decide, key, change)

    def _lately_said(self, key: bytes, frame: ChangeFrame) -> "KnownMessage | None":
        return self._backlog.find(key, frame.message_id) if self._backlog.opened else None

    async def _look_up_and_decide(self, key: bytes, change: _Change) -> None:
        frame = change.frame
        find = partial(self._directory.find_message, frame.conversation_id, frame.message_id)
        try:
            known = await find()
            if known is None:
                await asyncio.sleep(SECOND_LOOK_SECONDS)
                # The ring is looked at and asked where it begins in one go: it moves on.
                known = self._lately_said(key, frame) or await find(self._backlog.before(key))
        except RetryableError:
            change.put_off()
            return
        self._decide(change, known)

    def _decide(self, change: _Change, known: "KnownMessage | None") -> None:
        if known is None:
            change.reject(ErrorCode.NOT_FOUND, "no such message in this conversation")
            return
        refused = _refusal(change, known)
        if refused is not None:
            change.reject(*refused)
            return
        self._publishing.publish(
            change.connection,
            change.frame.ref,
            self._event_of(change, known),
            message_id=change.frame.message_id,
        )

    def _event_of(self, change: _Change, known: "KnownMessage") -> MessageEvent:
        frame = change.frame
        match frame:
            case EditMessage():
                about = self._about(MessageEdited, change, change.client_event_id)
                return MessageEdited(**about, text=frame.text)
            case DeleteMessage():
                return MessageDeleted(**self._about(MessageDeleted, change, frame.message_id))
            case React():
                about = self._about(ReactionSet, change, change.client_event_id)
                return ReactionSet(**about, emoji=frame.emoji, active=frame.active)
            case RateReply():
                about = self._about(FeedbackGiven, change, change.client_event_id)
                return FeedbackGiven(
                    **about,
                    in_reply_to=known.answers or frame.message_id,
                    rating=frame.rating,
                    reason=frame.reason,
                )
            case StopReply():
                return ReplyStopAsked(**self._about(ReplyStopAsked, change, change.client_event_id))
            case RegenerateReply():
                about = self._about(ReplyRegenerateAsked, change, change.client_event_id)
                return ReplyRegenerateAsked(**about, text=known.text or "")
            case MarkRead():
                about = self._about(MessagesRead, change, frame.message_id)
                return MessagesRead(**about, up_to=known.occurred_at)
            case MarkDelivered():
                about = self._about(MessagesDelivered, change, frame.message_id)
                return MessagesDelivered(**about, up_to=known.occurred_at)

    def _about(self, kind: type[MessageEvent], change: _Change, client_id: UUID) -> _About:
        frame, sender = change.frame, change.sender
        name = ids.change_event_id(kind.event_type, sender.id, frame.message_id, client_id)
        return {
            "event_id": name,
            "occurred_at": self._clock.stamp(),
            "correlation_id": name,
            "conversation_id": frame.conversation_id,
            "message_id": frame.message_id,
            "sender": sender,
        }


_ALSO_OF_DELETED = DeleteMessage | MarkRead | MarkDelivered | StopReply


def _refusal(change: _Change, known: "KnownMessage") -> tuple[ErrorCode, str] | None:
    """Return why this person may not do this to this message, or None when they may."""
    frame = change.frame
    by_author = known.sender_id == change.sender.id
    if isinstance(frame, EditMessage | DeleteMessage) and not by_author:
        return ErrorCode.NOT_ALLOWED, "only its author may do that"
    if isinstance(frame, StopReply | RegenerateReply) and known.sender_id == ids.ASSISTANT_ID:
        return ErrorCode.NOT_FOUND, "that is an answer; name its question"
    if isinstance(frame, RegenerateReply) and change.sender.kind is SenderKind.AGENT:
        return ErrorCode.NOT_ALLOWED, "the assistant answers those whose conversation it is"
    if isinstance(frame, RateReply) and known.answers is None:
        return ErrorCode.NOT_ALLOWED, "only the assistant's answers are rated"
    if known.deleted and not isinstance(frame, _ALSO_OF_DELETED):
        return ErrorCode.NOT_FOUND, "the message was deleted"
    if isinstance(frame, RegenerateReply) and not known.text:
        return ErrorCode.NOT_FOUND, "the question's words cannot be had"
    return None
