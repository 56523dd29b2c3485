"""Texts and times are checked where they enter."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from schemas.text import MESSAGE_CHARS, Instant, MessageText, format_instant

MESSAGE = TypeAdapter(MessageText)
INSTANT = TypeAdapter(Instant)


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "a\x00b", "x" * (MESSAGE_CHARS + 1)])
def test_a_bad_message_text_is_refused(text: str) -> None:
    """Empty, blank, with U+0000, or too long."""
    with pytest.raises(ValidationError):
        MESSAGE.validate_python(text)


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_written_times_sort_as_times(one: datetime, other: datetime) -> None:
    """Readers may sort the strings."""
    assert (one < other) == (format_instant(one) < format_instant(other))


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_reads_back_to_the_microsecond(moment: datetime) -> None:
    """Nothing is cut on the way."""
    assert INSTANT.validate_json(INSTANT.dump_json(moment)) == moment


def test_times_are_written_in_utc() -> None:
    """Whatever zone they came in."""
    moment = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    assert format_instant(moment) == "2026-01-01T00:00:00.000000Z"
