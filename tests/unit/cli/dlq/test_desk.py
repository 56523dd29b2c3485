"""What the desk says: clear lines for bad input, and nothing private unasked."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.dlq.letters import letter_of
from cli.dlq.overview import pile
from cli.dlq.show import as_dict
from cli.dlq.words import ago, moment
from cli.main import app
from infra.embedded.errors import StackError
from producers.dead_letters import buried
from schemas.topics import Lane, Topic
from tests.unit.cli.dlq.letters import TOPIC, letter, origin

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
LANE = Lane(Topic.CHAT_MESSAGES, "persistence")
runner = CliRunner()


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["list"], "no stack is running"),
        (["show", TOPIC], "no stack is running"),
        (["redrive", TOPIC], "no stack is running"),
        (["show", "chat-messages-persistance-dlq"], f"did you mean {TOPIC}?"),
        (["redrive", "zzz"], "`parley dlq list` names them"),
        (["redrive", TOPIC, "--since", "yesterday"], "'yesterday' is no time"),
        (["redrive", TOPIC, "--until", "2026-13-01"], "'2026-13-01' is no time"),
    ],
)
def test_what_cannot_be_done_is_one_line(tmp_path: Path, command: list[str], said: str) -> None:
    """A status of 1 and one line that helps."""
    done = runner.invoke(app, ["dlq", *command, "--data", str(tmp_path)])
    assert done.exit_code == 1
    assert done.stderr.startswith("parley: ")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


@pytest.mark.parametrize(
    "wrong", [["--rate", "0"], ["--max-attempts", "0"], ["--offset", "-1"], ["--offset", "x"]]
)
def test_wrong_options_are_refused(wrong: list[str]) -> None:
    """A status of 2, as for any misuse."""
    done = runner.invoke(app, ["dlq", "redrive", TOPIC, *wrong])
    assert done.exit_code == 2
    assert "Traceback" not in done.stderr


def test_moments_are_read_as_people_write_them() -> None:
    """Ages and times; UTC unless said otherwise."""
    assert moment("2h", NOW) == NOW - timedelta(hours=2)
    assert moment("2026-11-23T09:30", NOW) == datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
    assert moment("2026-11-23T09:30+01:00", NOW) == datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
    with pytest.raises(StackError):
        moment("2w", NOW)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59, "59 s"), (3_599, "59 min"), (7_200, "2 h"), (900_000, "10 d")],
)
def test_ages_are_short(seconds: int, said: str) -> None:
    """The largest unit is enough."""
    assert ago(NOW - timedelta(seconds=seconds), NOW) == said


def test_a_pile_counts_by_reason_and_what_is_open() -> None:
    """Redriven ones still lie there, and are not open unless they came back."""
    letters = [
        letter(0, timestamp=5_000),
        letter(1, timestamp=1_000, reason="null_value"),
        letter(2, first=0, attempt=1, timestamp=9_000),
        replace(letter(3), burial=None, timestamp=2_000),
    ]
    made = pile(LANE, letters, {origin(0): 1})
    assert (made.records, made.open) == (4, 3)
    assert made.reasons == {"handler_error": 2, "null_value": 1, "not_buried_by_a_consumer": 1}
    assert (made.oldest, made.newest) == (letters[1].buried_at, letters[2].buried_at)
    assert pile(LANE, [], {}).oldest is None


def test_the_body_is_shown_on_request_only() -> None:
    """What people wrote stays out of terminals and tickets."""
    one = letter(0)
    assert "body" not in json.dumps(as_dict(one, {}, NOW, body=False))
    shown = json.loads(json.dumps(as_dict(one, {}, NOW, body=True)))
    assert shown["body"] == "\x00 body"
    assert shown["headers"] == [["x", None]]


class Raw:
    """A record as the log gives it."""

    topic, partition, offset, timestamp, key, value = TOPIC, 0, 7, 1_000, b"k", None
    headers: tuple[tuple[str, bytes | None], ...] = ()


def test_a_record_is_read_with_or_without_a_burial() -> None:
    """What somebody put there by hand is shown as it is."""
    raw = Raw()
    assert letter_of(raw).burial is None
    wanted = letter(7).burial
    assert wanted is not None
    raw.headers = buried((("x", b"1"),), wanted)
    read = letter_of(raw)
    assert (read.burial, read.headers) == (wanted, (("x", b"1"),))
