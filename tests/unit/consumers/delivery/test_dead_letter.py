"""Dead letters: the original untouched, ours after it."""

from consumers.delivery.dead_letter import dead_letter_headers
from consumers.delivery.ports import Record
from producers.dead_letters import (
    DETAIL_CHARS,
    Burial,
    Origin,
    Parked,
    Redrive,
    parked,
    read_buried,
    redriven,
)
from runtime.errors import InvalidEventError
from schemas import headers as names

ODD = (("x", None), ("x", b"\xff"), ("dlq.group", b"buried before"))
RECORD = Record("chat-messages", 3, 42, None, None, ODD, 1_700)


def test_the_original_headers_come_first_and_untouched() -> None:
    """Nulls, bytes, repeats and their order stay; even headers that look like ours."""
    made = dead_letter_headers(RECORD, "chat-nlp", InvalidEventError("null_header", "x"))
    assert made[: len(ODD)] == ODD
    assert dict(made[len(ODD) :]) == {
        names.DEAD_LETTER_TOPIC: b"chat-messages",
        names.DEAD_LETTER_PARTITION: b"3",
        names.DEAD_LETTER_OFFSET: b"42",
        names.DEAD_LETTER_TIMESTAMP: b"1700",
        names.DEAD_LETTER_GROUP: b"chat-nlp",
        names.DEAD_LETTER_REASON: b"null_header",
        names.DEAD_LETTER_DETAIL: b"x",
    }


def test_the_detail_is_short_and_ascii() -> None:
    """Whatever a detail holds, it makes a small header that any tool can show."""
    made = dict(dead_letter_headers(RECORD, "g", InvalidEventError("r", "é" * 10_000)))
    detail = made[names.DEAD_LETTER_DETAIL]
    assert detail is not None
    assert detail.decode("ascii") == "?" * DETAIL_CHARS


def test_a_retry_that_fails_keeps_its_origin_and_its_count() -> None:
    """The second dead letter has the original's headers and place, and how often it was tried."""
    origin = Origin("chat-messages", 3, 42, 1_700)
    headers = redriven(ODD, Redrive(origin=origin, group="chat-nlp", attempt=2))
    retried = Record("chat-messages-nlp-retry", 3, 0, None, None, headers, 9_000)
    made = dead_letter_headers(retried, "chat-nlp", InvalidEventError("null_value"))
    assert made[: len(ODD)] == ODD
    assert read_buried(made) == (
        ODD,
        Burial(origin=origin, group="chat-nlp", reason="null_value", detail="", attempt=2),
    )


def test_a_redrives_headers_mean_nothing_elsewhere() -> None:
    """On the topic itself such headers are the writer's own, and stay."""
    headers = redriven((), Redrive(origin=Origin("t", 0, 0, 0), group="g", attempt=2))
    record = Record("chat-messages", 3, 42, None, None, headers, 1_700)
    read = read_buried(dead_letter_headers(record, "chat-nlp", InvalidEventError("null_value")))
    assert read is not None
    original, burial = read
    assert original == headers
    assert (burial.origin.offset, burial.attempt) == (42, 0)


def test_a_retry_that_the_desk_did_not_write_is_buried_all_the_same() -> None:
    """A record put on a retry topic by hand is known by its place there."""
    record = Record("chat-messages-nlp-retry", 3, 1, None, None, ODD, 1_700)
    read = read_buried(dead_letter_headers(record, "chat-nlp", InvalidEventError("null_header")))
    assert read is not None
    assert read[1].origin == Origin("chat-messages-nlp-retry", 3, 1, 1_700)


def test_a_parked_record_that_is_given_up_keeps_its_origin() -> None:
    """The dead letter is that of the topic's record, whose headers it has."""
    origin = Origin("chat-messages", 3, 42, 1_700)
    headers = parked(ODD, Parked(origin=origin, attempt=1, due=0))
    record = Record("chat-messages-nlp-retry", 3, 0, None, None, headers, 9_000)
    made = dead_letter_headers(record, "chat-nlp", InvalidEventError("retries_exhausted"))
    burial = Burial(origin=origin, group="chat-nlp", reason="retries_exhausted", detail="")
    assert read_buried(made) == (ODD, burial)
