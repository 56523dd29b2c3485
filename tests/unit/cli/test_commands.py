"""The command line: clear answers, one-line errors, no stack needed to be told so."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.lag import measure
from cli.main import app
from cli.tail import as_dict

runner = CliRunner()


@pytest.mark.parametrize(
    "command",
    [
        ["status"],
        ["status", "--json"],
        ["down"],
        ["lag"],
        ["tail", "chat-messages"],
        ["rebuild", "audit"],
        ["verify"],
        ["models", "list"],
        ["models", "rollback"],
    ],
)
def test_without_a_stack_a_command_says_so(tmp_path: Path, command: list[str]) -> None:
    """One line, a status other than 0, no traceback."""
    done = runner.invoke(app, [*command, "--data", str(tmp_path)])
    assert done.exit_code == 1
    assert done.stderr.startswith("parley: no stack is running on")
    assert done.stderr.count("\n") == 1


def test_an_unknown_topic_lists_the_known_ones(tmp_path: Path) -> None:
    """A slip of the finger is met with the right word."""
    done = runner.invoke(app, ["tail", "chat-mesages", "--data", str(tmp_path)])
    assert done.exit_code == 1
    assert "did you mean chat-messages?" in done.stderr
    assert "admin-actions" in done.stderr


def test_only_projections_are_rebuilt(tmp_path: Path) -> None:
    """What is not made from the log cannot be made again from it."""
    done = runner.invoke(app, ["rebuild", "gateway", "--data", str(tmp_path)])
    assert done.exit_code == 1
    assert "choose one of persistence" in done.stderr


@pytest.mark.parametrize("arguments", [["--brokers", "2"], ["--data", "/proc/nowhere"]])
def test_a_start_that_cannot_work_says_why(arguments: list[str]) -> None:
    """Bad options and bad folders end in one line."""
    done = runner.invoke(app, ["up", *arguments])
    assert done.exit_code == 1
    assert done.stderr.startswith("parley: ")
    assert "Traceback" not in done.stderr


def test_topics_need_no_stack() -> None:
    """The catalogue is code."""
    done = runner.invoke(app, ["topics", "--json"])
    listed = json.loads(done.stdout)
    assert "chat-messages" in [row["topic"] for row in listed["topics"]]
    assert "chat-messages-nlp-dlq" in listed["dead_letters"]
    assert "chat-messages" in runner.invoke(app, ["topics"]).stdout


def test_doctor_names_every_fix(tmp_path: Path) -> None:
    """What is not well comes with what to do about it."""
    done = runner.invoke(app, ["doctor", "--json", "--data", str(tmp_path)])
    findings = json.loads(done.stdout)
    assert all(finding["fix"] for finding in findings if not finding["ok"])
    assert (done.exit_code == 0) == all(finding["ok"] for finding in findings)


def test_doctor_sees_a_killed_stack(tmp_path: Path) -> None:
    """A state file without its supervisor is a finding."""
    state = {"pid": 2**22 + 1, "created": 1.0, "ready": True, "brokers": 1}
    (tmp_path / "state.json").write_text(json.dumps(state | {"ports": {}, "processes": {}}))
    done = runner.invoke(app, ["doctor", "--data", str(tmp_path)])
    assert done.exit_code == 1
    assert "killed without cleaning up" in done.stdout


def test_lag_counts_what_is_still_to_be_worked() -> None:
    """Positions before what the log still holds count from where the log begins."""
    spans = {0: (0, 10), 1: (5, 8), 2: (0, 4)}
    positions = {("t", 0): 7, ("t", 1): 0}
    found = measure("g", "t", spans, positions)
    assert (found.records, found.lag) == (17, 3 + 3 + 4)


class Record:
    """A record as the log gives it, with bytes that are no text."""

    topic, partition, offset, timestamp = "t", 0, 1, 0
    key = b"\xff"
    headers = (("ce_type", b"chat.message_sent.v1"), ("bad", b"\xfe"))
    value = b"{not json"


def test_tail_shows_garbage_escaped() -> None:
    """Poison on a topic is shown, not fallen over."""
    shown = as_dict(Record())
    assert json.loads(json.dumps(shown))["value"] == "{not json"
    assert shown["key"] == "\\xff"
