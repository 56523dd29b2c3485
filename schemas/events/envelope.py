"""What every event carries, whatever it is about."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from schemas.text import Instant


class Event(BaseModel):
    """A fact (past tense) or a request (imperative) on a topic.

    The JSON body is the model's dump.
    Writers forbid unknown fields (this config); readers pass `extra="ignore"` when they validate,
    so that a newer writer's optional fields do not break them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    event_type: ClassVar[str]
    """`<family>.<event>.v<N>`; a breaking change is a new type."""
    key_field: ClassVar[str]
    """The field whose text is the Kafka record key."""

    event_id: UUID
    """Deterministic (schemas.ids): the idempotency key everywhere."""
    occurred_at: Instant
    """Hybrid logical clock, UTC, microseconds: later than anything its writer had read."""
    causation_id: UUID | None = None
    """The event that made this one."""
    correlation_id: UUID
    """The first event of the chain."""

    @property
    def deadline(self) -> datetime | None:
        """Until when somebody waits for what comes of it; None when nobody does.

        Only work that is worth nothing to anybody else may be left undone afterwards: an answer,
        never a row.
        """
        return None

    @property
    def key(self) -> bytes:
        """The record key: ASCII text, so that command line tools can route and read it."""
        return str(getattr(self, self.key_field)).encode("ascii")

    @property
    def partition(self) -> int | None:
        """The partition it must stand on; None leaves the choice to the key."""
        return None


class Value(BaseModel):
    """A part of an event or a frame; frozen, and as strict to writers as its owner."""

    model_config = ConfigDict(frozen=True, extra="forbid")
