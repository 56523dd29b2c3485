"""Dates in running text; those with a year become ISO 8601, the others stay as they were said."""

import re
from datetime import date

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?:20\d\d)"

DATE = re.compile(
    rf"""
    (?<![\w.,/-])(?:
        (?P<iso>{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]))
      | (?P<dotted>{_DAY}\.(?:0?[1-9]|1[0-2])\.{_YEAR})
      | (?P<first_day>{_DAY})(?:st|nd|rd|th)?\ (?:of\ )?(?P<first_month>{_MONTH})\b
        (?:,?\ (?P<first_year>{_YEAR}))?
      | (?P<second_month>{_MONTH})\ (?P<second_day>{_DAY})(?:st|nd|rd|th)?\b
        (?:,?\ (?P<second_year>{_YEAR}))?
      | (?P<said>(?:today|tomorrow|yesterday)
        | (?:(?:last|next|this)\ )?(?:mon|tues|wednes|thurs|fri|satur|sun)day
        | (?:last|next|this)\ (?:week|month|year))
    )(?![\w/-])
    """,
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)


def read_date(match: re.Match[str]) -> str | None:
    """The normal form of a match of `DATE`; None for a day that does not exist."""
    parts = match.groupdict()
    if parts["said"]:
        return parts["said"].casefold()
    if parts["iso"]:
        year, month, day = (int(part) for part in parts["iso"].split("-"))
        return _iso(year, month, day)
    if parts["dotted"]:
        day, month, year = (int(part) for part in parts["dotted"].split("."))
        return _iso(year, month, day)
    which = "first" if parts["first_month"] else "second"
    month = _MONTHS.index(parts[f"{which}_month"][:3].casefold()) + 1
    if parts[f"{which}_year"] is None:
        return match.group().casefold()
    return _iso(int(parts[f"{which}_year"]), month, int(parts[f"{which}_day"]))


def _iso(year: int, month: int, day: int) -> str | None:
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None
