"""What each change on the log makes of which thing; words only as digests."""

import hashlib
from datetime import UTC, datetime
from functools import singledispatch
from typing import NamedTuple
from uuid import UUID

from schemas.events.chat import (
    AgentJoined,
    ConversationEvent,
    FeedbackGiven,
    HandoverEvent,
    MessageDeleted,
    MessageEdited,
    MessageEvent,
    MessagesDelivered,
    MessagesRead,
    ReactionSet,
)
from schemas.events.conversations import (
    ConversationDeleted,
    ConversationEnded,
    ConversationRenamed,
)
from schemas.events.envelope import Event

WHENEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the time of what happens once and for ever, however often it is told."""


class State(NamedTuple):
    """What a change makes of a thing: of all that are made of it, the last by (at, id) stands."""

    kind: str
    conversation: UUID
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
    return _of_message("edit", event, digest(event.text))


@state_of.register
def _(event: MessageDeleted) -> State:
    return _of_message("deletion", event)._replace(id=event.message_id)


@state_of.register
def _(event: ReactionSet) -> State:
    made = _of_message("reaction", event, str(event.active).lower())
    return made._replace(subject=f"{made.subject} {event.emoji}")


@state_of.register
def _(event: FeedbackGiven) -> State:
    made = _of_message("rating", event, f"{event.rating} {digest(event.reason)}")
    return made._replace(about=None if event.reason is None else event.in_reply_to)


@state_of.register
def _(event: MessagesRead) -> State:
    return _mark("read", event)


@state_of.register
def _(event: MessagesDelivered) -> State:
    return _mark("delivered", event)


@state_of.register
def _(event: HandoverEvent) -> State:
    return _of_whole("handover", event, f"{event.to} {digest(event.note)}")


@state_of.register
def _(event: AgentJoined) -> State:
    whole, agent = event.conversation_id, event.sender.id
    return State("agent", whole, f"{whole} {agent}", WHENEVER, agent, "")


@state_of.register
def _(event: ConversationRenamed) -> State:
    return _of_whole("title", event, digest(event.title))


@state_of.register
def _(event: ConversationEnded) -> State:
    return _of_whole("end", event)._replace(at=WHENEVER, id=event.conversation_id)


@state_of.register
def _(event: ConversationDeleted) -> State:
    return _of_whole("removal", event)._replace(at=WHENEVER, id=event.conversation_id)


def _mark(kind: str, event: MessagesRead | MessagesDelivered) -> State:
    subject = f"{event.conversation_id} {event.sender.id}"
    return State(kind, event.conversation_id, subject, event.up_to, event.message_id, "")


def _of_message(kind: str, event: MessageEvent, value: str = "") -> State:
    subject = f"{event.message_id} {event.sender.id}"
    whole = event.conversation_id
    return State(kind, whole, subject, event.occurred_at, event.event_id, value)


def _of_whole(kind: str, event: ConversationEvent, value: str = "") -> State:
    whole = event.conversation_id
    return State(kind, whole, str(whole), event.occurred_at, event.event_id, value)
