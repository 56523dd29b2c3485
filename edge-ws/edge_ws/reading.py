"""From a record of the log to what sockets are sent of it, be the record new or old."""

from typing import NamedTuple
from uuid import UUID

import orjson

from edge_ws.endings import OF_A_WHOLE
from edge_ws.framing import event_payload
from edge_ws.ports import Log, TailedRecord
from edge_ws.wholeness import is_whole
from schemas import headers as names
from schemas.events.chat import ConversationStarted, ReplyRegenerateAsked, ReplyStopAsked
from schemas.frames.server import FRAME_OF_EVENT
from schemas.positions import Position


class UnreadableError(Exception):
    """Why a record cannot be pushed."""


class Pushed(NamedTuple):
    """What is pushed of a record, and its fields for those who need some of them."""

    event_type: str
    frame_type: str
    key: bytes
    payload: bytes
    fields: dict[str, object]
    time: bytes | None
    owner_id: UUID | None = None
    """Whose conversation begins, or is changed as a whole; None for anything else."""


def pushed_of(log: Log, record: TailedRecord) -> Pushed:
    """Return what sockets are sent of a record.

    Raises:
        UnreadableError: nothing can be.
    """
    if record.key is None or record.value is None:
        raise UnreadableError("null")
    event_type = event_time = None
    for name, value in record.headers:
        if name == names.TYPE:
            event_type = value
        elif name == names.TIME:
            event_time = value
    if event_type in _ASKED_OF_THE_ASSISTANT:
        raise UnreadableError("not_pushed")
    known = _KNOWN.get(event_type)
    if known is None:
        raise UnreadableError("unknown_type")
    fields = checked(record.value)
    if not is_whole(fields, record.key, known[0]):
        raise UnreadableError("schema")
    at = str(Position(log.topic, log.partition, record.offset))
    payload = event_payload(known[1], at, record.value)
    owner_id = _owner_of(known[1], fields)
    return Pushed(*known, record.key, payload, fields, event_time, owner_id)


def _owner_of(frame_type: str, fields: dict[str, object]) -> UUID | None:
    if frame_type == _STARTED:
        owner_id = fields.get("owner_id")
    elif frame_type in OF_A_WHOLE and isinstance(sender := fields.get("sender"), dict):
        owner_id = sender.get("id")
    else:
        return None
    try:
        return UUID(str(owner_id))
    except ValueError:
        raise UnreadableError("schema") from None


_STARTED = FRAME_OF_EVENT[ConversationStarted.event_type]
_KNOWN: dict[bytes | None, tuple[str, str]] = {
    event_type.encode("ascii"): (event_type, frame_type)
    for event_type, frame_type in FRAME_OF_EVENT.items()
}


_ASKED_OF_THE_ASSISTANT = frozenset(
    event.event_type.encode("ascii") for event in (ReplyStopAsked, ReplyRegenerateAsked)
)
"""Nobody else needs to hear of these: what comes of them is heard."""


def checked(body: bytes) -> dict[str, object]:
    """Parse for the sake of the readers: one byte that is not UTF-8 would close their sockets."""
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise UnreadableError("json") from None
    if not isinstance(fields, dict) or not body.startswith(b"{") or not body.endswith(b"}"):
        raise UnreadableError("schema")
    return fields
