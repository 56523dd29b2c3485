"""How the desk speaks of time and reads it."""

import re
from datetime import UTC, datetime, timedelta

from infra.embedded.errors import StackError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def moment(text: str, now: datetime) -> datetime:
    """Return the moment a person means: `2h` ago, or an ISO 8601 time, UTC unless it says more."""
    if found := re.fullmatch(r"(\d{1,6})([smhd])", text):
        return now - timedelta(**{_UNITS[found[2]]: int(found[1])})
    try:
        read = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is no time; write 2026-11-23T09:30, or 2h for two hours ago"
        raise StackError(message) from error
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def ago(then: datetime, now: datetime) -> str:
    """Return an age that can be read at a glance."""
    seconds = max(0, int((now - then).total_seconds()))
    for size, unit in _STEPS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def count_of(number: int) -> str:
    """Return `1 record` or `2 records`."""
    return f"{number} record{'' if number == 1 else 's'}"
