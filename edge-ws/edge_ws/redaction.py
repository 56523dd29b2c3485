"""What is left of a kept event when its message is deleted: that it was, and not what it said."""

from collections.abc import Callable, Sequence
from itertools import chain

import orjson

from edge_ws.endings import DELETED
from edge_ws.ring import Kept

_DELETION = b'{"type":"message:deleted"'
_WHOLE = b'{"type":"%b"' % DELETED.encode("ascii")


def redaction_for(deletion: bytes) -> Callable[[bytes], bytes | None]:
    """Return what a deletion's payload does to another payload; None means that nothing is left.

    The message stays without its words, so that who missed it comes to the state of the history.
    """
    gone = orjson.loads(deletion)
    name = str(gone["message_id"]).encode()

    def redact(payload: bytes) -> bytes | None:
        if name not in payload:
            return payload
        frame = orjson.loads(payload)
        if frame["type"] == "feedback" and frame["in_reply_to"] == gone["message_id"]:
            # A reason may repeat the question, whoever gave it.
            return orjson.dumps({**frame, "reason": None})
        about = frame.get("message_id") == gone["message_id"]
        if not about or frame["sender"]["id"] != gone["sender"]["id"]:
            return payload
        match frame["type"]:
            case "message":
                return orjson.dumps({**frame, "text": None, "attachments": [], "deleted": True})
            case "message:edited":
                return None
            case _:
                return payload

    return redact


def redact_all(older: list[Kept], newer: Sequence[Kept]) -> list[Kept]:
    """Return old events without the words of what was deleted among them or later.

    Nothing is left of a conversation that was deleted as a whole.
    """
    if any(kept.payload.startswith(_WHOLE) for kept in chain(older, newer)):
        return []
    deletions = [kept.payload for kept in chain(older, newer) if kept.payload.startswith(_DELETION)]
    for redact in map(redaction_for, deletions):
        redacted = ((kept, redact(kept.payload)) for kept in older)
        older = [kept._replace(payload=left) for kept, left in redacted if left is not None]
    return older
