"""What the end and the deletion of a conversation do at an edge (ADR 0033)."""

from typing import TYPE_CHECKING
from uuid import UUID

import orjson

from schemas.events.conversations import (
    ConversationDeleted,
    ConversationEnded,
    ConversationRenamed,
)
from schemas.frames.client import (
    AnyFrame,
    ConversationLeave,
    EditMessage,
    HandOver,
    React,
    RegenerateReply,
    SendMessage,
    Typing,
)
from schemas.frames.codes import ErrorCode
from schemas.frames.server import FRAME_OF_EVENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge_ws.access import Access
    from edge_ws.connection import Connection, Session
    from edge_ws.ring import Kept

RENAMED, ENDED, DELETED = (
    FRAME_OF_EVENT[each.event_type]
    for each in (ConversationRenamed, ConversationEnded, ConversationDeleted)
)
OF_A_WHOLE = frozenset({RENAMED, ENDED, DELETED})
"""Frames about a conversation as a whole; who sent them owns it."""
_SAYING = SendMessage | HandOver | EditMessage | React | RegenerateReply | Typing
"""What says something. To take one's words back, to rate an answer, to read, and to want no more
of an answer says nothing, and goes on."""


def refusal(
    access: "Access", connection: "Connection", session: "Session", frame: AnyFrame
) -> tuple[ErrorCode, str] | None:
    """Return why a frame comes too late for its conversation; None when it does not."""
    conversation_id = getattr(frame, "conversation_id", None)
    if conversation_id is None or isinstance(frame, ConversationLeave):
        return None
    key = str(conversation_id).encode("ascii")
    if access.lives.was_of(key, session.user.id):
        return ErrorCode.NOT_FOUND, "the conversation was deleted"
    if isinstance(frame, _SAYING) and key in connection.joined and access.lives.ended(key):
        return ErrorCode.CONVERSATION_ENDED, "the conversation has ended"
    return None


def learn_of_the_past(access: "Access", key: bytes, read: "Iterable[Kept]") -> None:
    """Take in how a conversation ended, if what was read again of it says so."""
    for kept in read:
        if kept.payload.startswith(_begin(ENDED)):
            access.end(key)
        elif kept.payload.startswith(_begin(DELETED)):
            access.delete(key, UUID(orjson.loads(kept.payload)["sender"]["id"]))


def _begin(frame_type: str) -> bytes:
    return b'{"type":"%b"' % frame_type.encode("ascii")
