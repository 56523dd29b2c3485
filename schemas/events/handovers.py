"""Who handles a conversation, as the assistant itself remembers it: its own changelog."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field

from schemas.events.chat import ConversationEvent, Handler
from schemas.events.envelope import Value
from schemas.text import Instant


class HandoverChange(Value):
    """One hand-over, from the record on that made it."""

    place: Annotated[int, Field(ge=0)]
    """The offset in the conversation's partition of chat-messages: it holds behind that."""
    occurred_at: Instant
    event_id: UUID
    to: Handler


class HandoversNoted(ConversationEvent):
    """The hand-overs of a conversation so far, the oldest first; a newer record holds them all.

    There are several because a record of the conversation that is worked again, after a crash,
    must meet the state that it met the first time (ADR 0024).
    """

    event_type: ClassVar[str] = "chat.handovers_noted.v1"

    handler: Handler
    """Who handles it now, for whoever only wants to know that."""
    changes: Annotated[tuple[HandoverChange, ...], Field(min_length=1)]
