"""Frames as the client handles them: plain dictionaries, because newer edges may say more."""

from typing import Any

import orjson

Frame = dict[str, Any]


def encode(frame: Frame) -> str:
    """Return the text of a frame."""
    return orjson.dumps(frame).decode()


def decode(text: str | bytes) -> Frame | None:
    """Return the frame of a text; None when it is no JSON object, which is passed over."""
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return frame if isinstance(frame, dict) else None
