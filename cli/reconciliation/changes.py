"""What each change on the log makes of which thing; words only as digests."""

import hashlib
from datetime import datetime
from functools import singledispatch
from typing import NamedTuple
from uuid import UUID

from schemas.events.chat import (
    FeedbackGiven,
    HandoverEvent,
    MessageDeleted,
    MessageEdited,
    MessageEvent,
    MessagesDelivered,
    MessagesRead,
    ReactionSet,
)
from schemas.events.envelope import Event


class State(NamedTuple):
    """What a change makes of a thing: of all that are made of it, the last by (at, id) stands."""

    kind: str
    subject: str
    at: datetime
    id: UUID
    value: str
    about: UUID | None = None
    """The question that a reason was given for: the reason goes when the question does."""


def digest(text: str | None) -> str:
    """Return what stands for words that nobody needs to see; nothing for none."""
    return "" if text is None else hashlib.sha256(text.encode()).hexdigest()


@singledispatch
def state_of(event: Event) -> State | None:
    """Return what an event makes of a thing, or None when it leaves nothing that stands."""
    del event
    return None


@state_of.register
def _(event: MessageEdited) -> State:
    return State("edit", _by_whom(event), event.occurred_at, event.event_id, digest(event.text))


@state_of.register
def _(event: MessageDeleted) -> State:
    return State("deletion", _by_whom(event), event.occurred_at, event.message_id, "")


@state_of.register
def _(event: ReactionSet) -> State:
    subject = f"{_by_whom(event)} {event.emoji}"
    return State("reaction", subject, event.occurred_at, event.event_id, str(event.active).lower())


@state_of.register
def _(event: FeedbackGiven) -> State:
    value = f"{event.rating} {digest(event.reason)}"
    about = None if event.reason is None else event.in_reply_to
    return State("rating", _by_whom(event), event.occurred_at, event.event_id, value, about)


@state_of.register
def _(event: MessagesRead) -> State:
    return _mark("read", event)


@state_of.register
def _(event: MessagesDelivered) -> State:
    return _mark("delivered", event)


@state_of.register
def _(event: HandoverEvent) -> State:
    value = f"{event.to} {digest(event.note)}"
    return State("handover", str(event.conversation_id), event.occurred_at, event.event_id, value)


def _mark(kind: str, event: MessagesRead | MessagesDelivered) -> State:
    subject = f"{event.conversation_id} {event.sender.id}"
    return State(kind, subject, event.up_to, event.message_id, "")


def _by_whom(event: MessageEvent) -> str:
    return f"{event.message_id} {event.sender.id}"
