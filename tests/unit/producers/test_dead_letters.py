"""Headers of dead letters and retries: the original's untouched, ours after them and readable."""

from hypothesis import given
from hypothesis import strategies as st

from producers.dead_letters import (
    DETAIL_CHARS,
    Burial,
    Origin,
    Parked,
    Redrive,
    buried,
    failed_again,
    parked,
    read_buried,
    read_parked,
    read_redriven,
    redriven,
)
from schemas import headers as names

ORIGIN = Origin("chat-messages", 3, 42, 1_700)
BURIAL = Burial(origin=ORIGIN, group="chat-nlp", reason="null_header", detail="x")
REDRIVE = Redrive(origin=ORIGIN, group="chat-nlp", attempt=1)
OURS = [
    getattr(names, each)
    for each in dir(names)
    if each.startswith(("DEAD_", "REDR", "ATT", "RETRY"))
]
HEADERS = st.lists(
    st.tuples(st.text(max_size=5) | st.sampled_from(OURS), st.none() | st.binary(max_size=9)),
    max_size=12,
).map(tuple)


@given(headers=HEADERS, attempt=st.integers(min_value=0, max_value=9))
def test_a_burial_reads_as_it_was_written(
    headers: tuple[tuple[str, bytes | None], ...], attempt: int
) -> None:
    """Whatever headers a record has, also ours by name, they come back byte for byte."""
    burial = Burial(origin=ORIGIN, group="g", reason="r", detail="d", attempt=attempt)
    assert read_buried(buried(headers, burial)) == (headers, burial)


@given(headers=HEADERS)
def test_a_redrive_reads_as_it_was_written(headers: tuple[tuple[str, bytes | None], ...]) -> None:
    """Likewise on the way back."""
    assert read_redriven(redriven(headers, REDRIVE), "chat-nlp") == (headers, REDRIVE)


@given(headers=HEADERS, attempt=st.integers(min_value=0, max_value=9))
def test_what_is_parked_reads_as_it_was_written(
    headers: tuple[tuple[str, bytes | None], ...], attempt: int
) -> None:
    """And on the way to another try, which is neither a burial nor a redrive."""
    why = Parked(origin=ORIGIN, attempt=attempt, due=1_700)
    written = parked(headers, why)
    assert read_parked(written) == (headers, why)
    assert read_redriven(written, "g") is None
    assert read_buried(written) is None


@given(headers=HEADERS)
def test_other_headers_are_nobodys(headers: tuple[tuple[str, bytes | None], ...]) -> None:
    """A record that a tool put there by hand is told apart, not fallen over."""
    assert read_buried((*headers, ("x", b"1"))) is None
    assert read_redriven((*headers, ("x", b"1")), "g") is None
    assert read_parked((*headers, ("x", b"1"))) is None


def test_numbers_that_are_none_are_nobodys() -> None:
    """Headers with our names and nonsense in them are not ours."""
    spoiled = tuple(
        (name, b"-7" if name == names.DEAD_LETTER_OFFSET else value)
        for name, value in buried((), BURIAL)
    )
    assert read_buried(spoiled) is None
    assert read_buried((*buried((), BURIAL), (names.ATTEMPT, "²".encode()))) is None


def test_the_origin_and_the_count_survive_a_second_failure() -> None:
    """However often it goes round, a record is known by where it first stood."""
    here = Burial(
        origin=Origin("chat-messages-nlp-retry", 3, 0, 9), group="g", reason="r", detail=""
    )
    again = failed_again(REDRIVE, here)
    assert (again.origin, again.attempt, again.reason) == (ORIGIN, 1, "r")


def test_an_attempt_has_one_id() -> None:
    """Two desks that try the same at once make the same id; the next attempt has another."""
    made = [
        dict(redriven((), Redrive(origin=ORIGIN, group="g", attempt=attempt)))[names.REDRIVE_ID]
        for attempt in (1, 1, 2)
    ]
    assert made[0] == made[1] != made[2]


def test_the_detail_is_cut() -> None:
    """A header stays small."""
    long = Burial(origin=ORIGIN, group="g", reason="r", detail="x" * 10_000)
    assert len(dict(buried((), long))[names.DEAD_LETTER_DETAIL] or b"") == DETAIL_CHARS
