"""Server frames as bytes: JSON payloads, and the WebSocket header in front of them.

A payload that goes to many sockets is framed once: server frames are not masked (RFC 6455 §5.2).
"""

from uuid import UUID

import orjson
from pydantic import BaseModel

from schemas.frames.codes import AckStatus, ErrorCode

_FINAL_TEXT = 0x81
_REPLAYED = b',"replayed":true}'


def text_frame(payload: bytes) -> bytes:
    """Return one unfragmented, unmasked text frame."""
    size = len(payload)
    if size < 126:  # noqa: PLR2004 - RFC 6455 §5.2: lengths up to 125 are in the header itself
        return bytes((_FINAL_TEXT, size)) + payload
    if size < 1 << 16:
        return bytes((_FINAL_TEXT, 126)) + size.to_bytes(2, "big") + payload
    return bytes((_FINAL_TEXT, 127)) + size.to_bytes(8, "big") + payload


def model_frame(frame: BaseModel) -> bytes:
    """Return the frame of a model; for the rare ones."""
    return text_frame(frame.model_dump_json(exclude_none=True).encode())


def event_payload(frame_type: str, at: str, body: bytes) -> bytes:
    """Return the payload made of an event's JSON body, which is not decoded for it."""
    return b'{"type":"%b","at":"%b",%b' % (frame_type.encode(), at.encode(), body[1:])


def without_position(payload: bytes) -> bytes:
    """Return the payload of an event as it is told where its conversation has not been joined.

    With a position it would say that everything before it was heard.
    """
    frame_type, _, body = payload.split(b",", 2)
    return b"%b,%b" % (frame_type, body)


def replayed_frame(payload: bytes) -> bytes:
    """Return the frame of an event that is sent again."""
    return text_frame(payload[:-1] + _REPLAYED)


def ack_frame(
    ref: str,
    status: AckStatus,
    *,
    message_id: UUID | None = None,
    conversation_id: UUID | None = None,
    retry_after_ms: int | None = None,
) -> bytes:
    """Return an `ack`; written by hand, because there is one for every message."""
    fields: dict[str, object] = {"type": "ack", "ref": ref, "status": status.value}
    if message_id is not None:
        fields["message_id"] = message_id
    if conversation_id is not None:
        fields["conversation_id"] = conversation_id
    if retry_after_ms is not None:
        fields["retry_after_ms"] = retry_after_ms
    return text_frame(orjson.dumps(fields))


def rejection_frame(
    ref: str, code: ErrorCode, detail: str, *, retry_after_ms: int | None = None
) -> bytes:
    """Return the `ack` of a frame that is not taken: never, unless it says when to try again."""
    fields: dict[str, object] = {
        "type": "ack",
        "ref": ref,
        "status": AckStatus.REJECTED.value,
        "code": code.value,
        "detail": detail,
    }
    if retry_after_ms is not None:
        fields["retry_after_ms"] = retry_after_ms
    return text_frame(orjson.dumps(fields))


def error_frame(code: ErrorCode, detail: str, ref: str | None) -> bytes:
    """Return an `error`, with the `ref` when it is known."""
    fields = {"type": "error", "code": code.value, "detail": detail}
    if ref is not None:
        fields["ref"] = ref
    return text_frame(orjson.dumps(fields))


def pong_frame(ref: str) -> bytes:
    """Return the answer to `ping`."""
    return text_frame(orjson.dumps({"type": "pong", "ref": ref}))
