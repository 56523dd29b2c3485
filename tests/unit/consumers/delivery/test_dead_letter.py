"""Dead letters: the original untouched, ours after it."""

from consumers.delivery.dead_letter import dead_letter_headers
from consumers.delivery.ports import Record
from producers.dead_letters import DETAIL_CHARS
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
