"""What becomes of a conversation after its start: another title, its end, its deletion.

Only its owner does any of this, through the gateway (ADR 0033).
"""

from typing import ClassVar

from schemas.events.chat import ConversationEvent, Sender
from schemas.text import Title


class ConversationChange(ConversationEvent):
    """What its owner does to a conversation; the body has the field names of its frame."""

    sender: Sender
    """The owner, stamped by the gateway from the session."""


class ConversationRenamed(ConversationChange):
    """A conversation has another title; of all, the start's too, the latest counts.

    The latest is the one of the latest (occurred_at, event_id).
    """

    event_type: ClassVar[str] = "chat.conversation_renamed.v1"

    title: Title


class ConversationEnded(ConversationChange):
    """Nothing more is said in a conversation, for good; what was said stays."""

    event_type: ClassVar[str] = "chat.conversation_ended.v1"


class ConversationDeleted(ConversationChange):
    """A conversation is gone, for good, with everything said in it before or after.

    A deletion outweighs an end, whichever comes first.
    """

    event_type: ClassVar[str] = "chat.conversation_deleted.v1"
