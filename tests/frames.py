"""One good frame of every type that a client may send; a type without one fails a test."""

import json
from typing import Any, get_args

from schemas.frames.client import AnyFrame, ClientFrame

CONVERSATION = "018f0000-0000-7000-8000-000000000001"
MESSAGE = "018f0000-0000-7000-8000-000000000002"
SOMEBODY = "018f0000-0000-7000-8000-000000000003"

_FIELDS: dict[str, Any] = {
    "ref": "r1",
    "conversation_id": CONVERSATION,
    "client_conversation_id": CONVERSATION,
    "message_id": MESSAGE,
    "client_message_id": MESSAGE,
    "user_ids": [SOMEBODY],
    "text": "hello",
    "emoji": "👍",
    "active": True,
    "rating": "down",
    "reason": "It is about another order.",
    "positions": ["m3:12"],
    "token": "abc",
    "title": "Orders",
    "state": "away",
}


def frame_types() -> list[type[ClientFrame]]:
    """Return the model of every client frame, as the protocol's union lists them."""
    return list(get_args(AnyFrame))


def good_frame(kind: type[ClientFrame]) -> dict[str, Any]:
    """Return a frame with everything that it needs, and what else there is a value for."""
    fields = kind.model_fields
    [frame_type] = get_args(fields["type"].annotation)
    known = {name: _FIELDS[name] for name in fields if name in _FIELDS}
    frame = {"type": frame_type, **known}
    kind.model_validate_json(json.dumps(frame))
    return frame


CLIENT_FRAMES = [good_frame(kind) for kind in frame_types()]
