"""Whether a record holds what the edge itself and every client rely on; the rest passes unread.

Whole validation is the consumers' work and costs six times as much for each pushed event.
"""

from collections.abc import Mapping

from schemas.frames.server import FRAME_OF_EVENT
from schemas.topics import EVENT_TYPES

_RELIED_ON = ("event_id", "occurred_at", "message_id")


def is_whole(fields: object, key: bytes, event_type: str) -> bool:
    """Whether these fields of an event's body can be made a frame for the key's conversation."""
    if not isinstance(fields, Mapping) or fields.get("conversation_id") != _text(key):
        return False
    texts, signed = _NEEDED[event_type]
    if not all(isinstance(fields.get(name), str) for name in texts):
        return False
    sender = fields.get("sender") if signed else None
    return not signed or (isinstance(sender, Mapping) and isinstance(sender.get("id"), str))


def _text(key: bytes) -> str:
    return key.decode("ascii", "replace")


def _needed(event_type: str) -> tuple[tuple[str, ...], bool]:
    fields = EVENT_TYPES[event_type].model_fields
    return tuple(name for name in _RELIED_ON if name in fields), "sender" in fields


_NEEDED = {event_type: _needed(event_type) for event_type in FRAME_OF_EVENT}
