"""A client's text as a frame, or as the reason why it is none."""

from typing import NamedTuple

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from edge_ws.framing import error_frame, rejection_frame
from schemas.frames.client import CLIENT_FRAME, AnyFrame
from schemas.frames.codes import ErrorCode
from schemas.text import MESSAGE_CHARS, REF_CHARS

ANSWERED_BY_ACK = frozenset(
    {
        "message",
        "message:edit",
        "message:delete",
        "reaction",
        "feedback",
        "read",
        "delivered",
        "reply:stop",
        "reply:regenerate",
        "handover",
        "conversation:start",
        "conversation:join",
        "conversation:leave",
    }
)
_SAYING = frozenset({("message", "text"), ("message:edit", "text")})


class Refusal(NamedTuple):
    """Why a frame could not be taken."""

    code: ErrorCode
    detail: str
    frame_type: str | None = None
    ref: str | None = None

    def frame(self) -> bytes:
        """Return the answer: an `ack` to what waits for one, an `error` to anything else."""
        if self.ref is not None and self.frame_type in ANSWERED_BY_ACK:
            return rejection_frame(self.ref, self.code, self.detail)
        return error_frame(self.code, self.detail, self.ref)


def parse(text: str) -> AnyFrame | Refusal:
    """Read one frame; never raises, whatever the text is."""
    try:
        return CLIENT_FRAME.validate_json(text, extra="ignore")
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
    code, detail = _reason(first)
    if code is ErrorCode.BAD_JSON:
        return Refusal(code, detail)
    return Refusal(code, detail, *_type_and_ref(text))


def _reason(error: ErrorDetails) -> tuple[ErrorCode, str]:
    kind, place = error["type"], error["loc"]
    if kind == "json_invalid":
        return ErrorCode.BAD_JSON, "not a JSON text"
    if kind == "union_tag_invalid":
        return ErrorCode.UNKNOWN_TYPE, "no such frame type"
    if place in _SAYING:
        value = error["input"]
        if kind == "string_too_long":
            return ErrorCode.TOO_LONG, f"a message holds at most {MESSAGE_CHARS} characters"
        if isinstance(value, str) and not value.strip():
            return ErrorCode.EMPTY, "a message says something"
    # Field names are ours, so they are safe to show; what the client wrote is not repeated.
    where = ".".join(str(part)[:REF_CHARS] for part in place[1:])
    return ErrorCode.BAD_FRAME, f"{where}: {error['msg']}" if where else error["msg"]


def _type_and_ref(text: str) -> tuple[str | None, str | None]:
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None, None
    if not isinstance(fields, dict):
        return None, None
    frame_type, ref = fields.get("type"), fields.get("ref")
    usable = isinstance(ref, str) and 0 < len(ref) <= REF_CHARS
    return (frame_type if isinstance(frame_type, str) else None), (ref if usable else None)
