"""What stands in the headers of dead letters and of records on retry topics.

Consumers bury, the operator's desk redrives; both write after the original headers, which stay
byte for byte. What is ours is told by its place at the end, so an original header may well have
the same name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from schemas import headers as names
from schemas.ids import redrive_id

Header = tuple[str, bytes | None]
Headers = tuple[Header, ...]

DETAIL_CHARS = 300

_ORIGIN = (
    names.DEAD_LETTER_TOPIC,
    names.DEAD_LETTER_PARTITION,
    names.DEAD_LETTER_OFFSET,
    names.DEAD_LETTER_TIMESTAMP,
)
_BURIED = (*_ORIGIN, names.DEAD_LETTER_GROUP, names.DEAD_LETTER_REASON, names.DEAD_LETTER_DETAIL)
_BURIED_AGAIN = (*_BURIED, names.ATTEMPT)
_REDRIVEN = (*_ORIGIN, names.REDRIVE_ID, names.ATTEMPT)
_PARKED = (*_ORIGIN, names.RETRY_ATTEMPT, names.RETRY_DUE)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a record stood first, however often it was redriven since; timestamp in ms."""

    topic: str
    partition: int
    offset: int
    timestamp: int

    def __str__(self) -> str:
        return f"{self.topic}:{self.partition}:{self.offset}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Burial:
    """Why a group has put a record aside; `attempt` counts the redrives before."""

    origin: Origin
    group: str
    reason: str
    detail: str
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Redrive:
    """The group's attempt at a dead letter, counted from 1."""

    origin: Origin
    group: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """Why a consumer has put a record on its retry topic itself.

    `attempt` counts its failures, 0 meaning that it only waits behind another of its key; `due`
    is in milliseconds since 1970.
    """

    origin: Origin
    attempt: int
    due: int


def buried(headers: Headers, burial: Burial) -> Headers:
    """Return the headers of a dead letter: the original's, then ours."""
    block: Headers = (
        *_origin(burial.origin),
        (names.DEAD_LETTER_GROUP, burial.group.encode()),
        (names.DEAD_LETTER_REASON, burial.reason.encode()),
        (names.DEAD_LETTER_DETAIL, burial.detail[:DETAIL_CHARS].encode("ascii", "replace")),
    )
    if burial.attempt:
        block += ((names.ATTEMPT, str(burial.attempt).encode()),)
    return (*headers, *block)


def redriven(headers: Headers, redrive: Redrive) -> Headers:
    """Return the headers of a record on a retry topic: the original's, then ours."""
    made = redrive_id(redrive.group, str(redrive.origin), redrive.attempt)
    return (
        *headers,
        *_origin(redrive.origin),
        (names.REDRIVE_ID, str(made).encode()),
        (names.ATTEMPT, str(redrive.attempt).encode()),
    )


def read_buried(headers: Sequence[Header]) -> tuple[Headers, Burial] | None:
    """Return a dead letter's original headers and why it is one; None when nobody buried it."""
    for block in (_BURIED_AGAIN, _BURIED):
        if (split := _split(headers, block)) is not None:
            original, ours = split
            break
    else:
        return None
    origin, attempt = _read_origin(ours), _number(ours.get(names.ATTEMPT, "0"))
    if origin is None or attempt is None:
        return None
    return original, Burial(
        origin=origin,
        group=ours[names.DEAD_LETTER_GROUP],
        reason=ours[names.DEAD_LETTER_REASON],
        detail=ours[names.DEAD_LETTER_DETAIL],
        attempt=attempt,
    )


def read_redriven(headers: Sequence[Header], group: str) -> tuple[Headers, Redrive] | None:
    """Return a retried record's original headers and attempt; None when the desk wrote it not."""
    if (split := _split(headers, _REDRIVEN)) is None:
        return None
    original, ours = split
    origin, attempt = _read_origin(ours), _number(ours[names.ATTEMPT])
    if origin is None or attempt is None:
        return None
    return original, Redrive(origin=origin, group=group, attempt=attempt)


def parked(headers: Headers, why: Parked) -> Headers:
    """Return the headers of a record that its consumer tries again later."""
    return (
        *headers,
        *_origin(why.origin),
        (names.RETRY_ATTEMPT, str(why.attempt).encode()),
        (names.RETRY_DUE, str(why.due).encode()),
    )


def read_parked(headers: Sequence[Header]) -> tuple[Headers, Parked] | None:
    """Return a parked record's original headers and when to try it; None when it is none."""
    if (split := _split(headers, _PARKED)) is None:
        return None
    original, ours = split
    origin = _read_origin(ours)
    attempt, due = _number(ours[names.RETRY_ATTEMPT]), _number(ours[names.RETRY_DUE])
    if origin is None or attempt is None or due is None:
        return None
    return original, Parked(origin=origin, attempt=attempt, due=due)


def first_place(headers: Sequence[Header]) -> Origin | None:
    """Return where a record of a retry topic stood first; None for a record that never moved."""
    if (waiting := read_parked(headers)) is not None:
        return waiting[1].origin
    redrive = read_redriven(headers, "")
    return None if redrive is None else redrive[1].origin


def failed_again(redrive: Redrive, burial: Burial) -> Burial:
    """Return the burial of a record that a redrive did not help."""
    return replace(burial, origin=redrive.origin, attempt=redrive.attempt)


def _origin(origin: Origin) -> Headers:
    values = (origin.topic, origin.partition, origin.offset, origin.timestamp)
    return tuple((name, str(each).encode()) for name, each in zip(_ORIGIN, values, strict=True))


def _split(
    headers: Sequence[Header], block: Sequence[str]
) -> tuple[Headers, Mapping[str, str]] | None:
    original, ours = tuple(headers[: -len(block)]), headers[-len(block) :]
    if tuple(name for name, _ in ours) != tuple(block):
        return None
    return original, {name: (value or b"").decode("ascii", "replace") for name, value in ours}


def _read_origin(ours: Mapping[str, str]) -> Origin | None:
    topic, *rest = (ours[name] for name in _ORIGIN)
    numbers = [number for each in rest if (number := _number(each)) is not None]
    return Origin(topic, *numbers) if len(numbers) == len(rest) else None


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() else None
