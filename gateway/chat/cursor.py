"""Opaque cursors of keyset pagination: a time and an id, so that equal times lose nothing."""

import base64
import struct
from datetime import UTC, datetime, timedelta
from uuid import UUID

from gateway.chat.ports import Place
from runtime.errors import DomainError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FORM = struct.Struct(">q16s")


def write_cursor(place: Place) -> str:
    """Return a place as URL-safe text."""
    micros = (place.at - _EPOCH) // _MICROSECOND
    return base64.urlsafe_b64encode(_FORM.pack(micros, place.id.bytes)).decode()


def read_cursor(text: str | None) -> Place | None:
    """Return the place of a cursor; None stays None.

    Raises:
        DomainError: it is not one of ours.
    """
    if text is None:
        return None
    try:
        micros, key = _FORM.unpack(base64.b64decode(text, altchars=b"-_", validate=True))
        return Place(_EPOCH + micros * _MICROSECOND, UUID(bytes=key))
    except (ValueError, OverflowError, struct.error) as error:
        raise DomainError("bad_cursor", "The cursor is not one of ours.", status=400) from error
