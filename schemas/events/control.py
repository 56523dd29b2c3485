"""What the edges must hear of at once: whose access ended. Keyed by the user."""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from schemas.events.envelope import Event


class RevocationReason(StrEnum):
    """The reasons known today; the event carries plain text, so that the list can grow."""

    LOGGED_OUT = "logged_out"
    REUSE_DETECTED = "reuse_detected"
    USER_DISABLED = "user_disabled"
    ROLE_CHANGED = "role_changed"


class ControlEvent(Event):
    """An event about one user's access."""

    key_field: ClassVar[str] = "user_id"

    user_id: UUID


class SessionRevoked(ControlEvent):
    """A session ended before its access token did: the token opens nothing any more."""

    event_type: ClassVar[str] = "control.session_revoked.v1"

    session_id: UUID
    reason: str
    """One of `RevocationReason` or a newer one."""


class UserDisabled(ControlEvent):
    """An account was switched off: no token made before this opens anything."""

    event_type: ClassVar[str] = "control.user_disabled.v1"
