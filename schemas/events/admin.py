"""Who did what to whom: the facts that the audit keeps."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import JsonValue

from schemas.events.envelope import Event


class Action(StrEnum):
    """The actions known today; the event carries plain text, so that the list can grow."""

    USER_REGISTERED = "user.registered"
    SESSION_STARTED = "session.started"
    SESSION_ENDED = "session.ended"
    SESSION_REUSE_DETECTED = "session.reuse_detected"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    USER_ROLE_GRANTED = "user.role_granted"
    USER_ROLE_REVOKED = "user.role_revoked"
    DOCUMENT_PUBLISHED = "document.published"
    DOCUMENT_REMOVED = "document.removed"
    DEAD_LETTERS_REDRIVEN = "dlq.redriven"
    REDRIVE_STOPPED = "dlq.redrive_stopped"
    TRAINING_ASKED = "model.training_asked"
    TRAINING_CANCELLED = "model.training_cancelled"
    CANDIDATE_LABELLED = "candidate.labelled"
    CANDIDATE_DISMISSED = "candidate.dismissed"
    MODEL_PROMOTED = "model.promoted"
    MODEL_ROLLED_BACK = "model.rolled_back"


class ActionRecorded(Event):
    """An account action; `old` and `new` never hold secrets."""

    event_type: ClassVar[str] = "admin.action_recorded.v1"
    key_field: ClassVar[str] = "target_id"

    actor_id: UUID
    action: str
    """`<target>.<what was done>`, one of `Action` or a newer one."""
    target_type: str
    target_id: UUID
    old: dict[str, JsonValue] | None = None
    new: dict[str, JsonValue] | None = None
