"""How training and versions look on a screen."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from rich.console import Console
from typer.testing import CliRunner

from cli.main import app
from cli.models import candidates as commands
from cli.models import words
from cli.models.rest import ModelRoutes
from infra.embedded.errors import StackError

MODEL: dict[str, Any] = {
    "version": "intents-1",
    "kind": "head",
    "engine": "axis",
    "status": "promoted",
    "sha256": "ab",
    "size": 4_096,
    "intents": ["order_status", "send_back"],
    "jobId": "7",
    "createdAt": "2026-03-01T12:00:00.000000Z",
    "metrics": {
        "learnt": 80,
        "held_out": 20,
        "accuracy": 0.95,
        "macro_f1": 0.94,
        "calibration_error": 0.02,
        "out_of_scope_auroc": None,
        "confusions": [{"expected": "send_back", "guessed": "order_status", "count": 1}],
    },
}


def test_a_card_says_what_a_version_is_worth() -> None:
    """Measures, mistakes, origin: all a person needs before promoting it."""
    card = words.card(MODEL)
    for told in ("intents-1", "95.00%", "not measured", "| send_back | order_status | 1 |"):
        assert told in card


def test_the_list_shows_which_version_answers() -> None:
    """One row per version, with its status."""
    console = Console(width=120)
    with console.capture() as shown:
        console.print(words.listing([MODEL]))
    assert "promoted" in shown.get()
    assert "95.0%" in shown.get()


@pytest.mark.parametrize(
    ("status", "phase", "done", "expected"),
    [
        ("queued", None, 0, ("queued", 0.0)),
        ("running", "embedding", 64, ("embedding", 0.35)),
        ("running", "fitting", 0, ("fitting", 0.85)),
        ("succeeded", None, 0, ("succeeded", 1.0)),
    ],
)
def test_progress_never_runs_backwards(
    status: str, phase: str | None, done: int, expected: tuple[str, float]
) -> None:
    """The bar knows how much of the work each phase is."""
    job = {"status": status, "progress": {"phase": phase, "done": done, "total": 128}}
    assert words.progress_of(job) == expected


ASKED: dict[str, Any] = {
    "jobId": "7",
    "examples": 19,
    "intents": 2,
    "sources": {"given": 16, "labelled": 2, "liked": 1},
    "duplicateCount": 0,
}


def test_a_job_says_where_its_examples_come_from() -> None:
    """What was given and what people said are counted apart; a plain file needs no count."""
    assert words.asked(ASKED) == ("job 7: 19 examples, 2 intents (16 given, 2 labelled, 1 liked)")
    plain = ASKED | {"sources": {"given": 19, "labelled": 0, "liked": 0}, "duplicateCount": 3}
    assert words.asked(plain) == ("job 7: 19 examples, 2 intents\n3 duplicates are learnt once")


CANDIDATE: dict[str, Any] = {
    "messageId": "0b7c1a52-5f0e-4b0e-9d57-0d3a0f3b6a01",
    "text": "is there a [bold]voucher[/bold]?",
    "intent": "opening_hours",
    "confidence": 0.41,
    "unanswered": False,
    "ratings": {"up": 0, "down": 2},
    "reasons": ["not about hours"],
    "label": None,
}


def test_a_candidate_is_shown_as_it_was_written() -> None:
    """Everything that a label is decided by; markup in what people write is only text."""
    console = Console(width=200)
    handed_over = CANDIDATE | {"unanswered": True, "reasons": [], "intent": None}
    with console.capture() as shown:
        console.print(words.candidates([CANDIDATE, handed_over]))
    first, second = shown.get().splitlines()[1:3]
    for told in (CANDIDATE["messageId"], CANDIDATE["text"], "41%", "not about hours"):
        assert told in first
    assert "handed over" in second


def test_candidates_are_read_to_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Page by page, with the state that was asked for, and no more than were asked for."""
    asked: list[dict[str, str]] = []

    def serve(request: httpx2.Request) -> httpx2.Response:
        query = dict(request.url.params)
        asked.append(query)
        items = [CANDIDATE] * int(query["limit"])
        return httpx2.Response(200, json={"items": items, "next": f"after-{len(asked)}"})

    serving(monkeypatch, serve)
    done = CliRunner().invoke(
        app, ["models", "candidates", "list", "--limit", "150", "--state", "labelled", "--json"]
    )
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)) == 150
    assert asked == [
        {"limit": "100", "state": "labelled"},
        {"limit": "50", "state": "labelled", "before": "after-1"},
    ]


def test_labels_and_dismissals_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each says what the gateway kept."""
    sent: list[tuple[str, Any]] = []

    def serve(request: httpx2.Request) -> httpx2.Response:
        body = json.loads(request.content)
        sent.append((request.method, body))
        kept = {"messageId": request.url.path.rpartition("/")[2], "intent": body.get("intent")}
        return httpx2.Response(200, json=kept)

    serving(monkeypatch, serve)
    question = CANDIDATE["messageId"]
    label = CliRunner().invoke(app, ["models", "candidates", "label", question, "voucher"])
    assert label.stdout == f"{question} means voucher\n"
    dismiss = CliRunner().invoke(app, ["models", "candidates", "dismiss", question])
    assert dismiss.stdout == f"{question} is dismissed\n"
    assert sent == [("PUT", {"intent": "voucher"}), ("PUT", {"dismissed": True})]


def test_training_needs_something_to_learn_from() -> None:
    """Neither a file nor feedback is a mistake of the caller."""
    refused = CliRunner().invoke(app, ["models", "train"])
    assert refused.exit_code == 2
    assert "--from-feedback" in refused.output


def serving(
    monkeypatch: pytest.MonkeyPatch, serve: Callable[[httpx2.Request], httpx2.Response]
) -> None:
    """Let the commands talk to this instead of a stack."""

    @contextmanager
    def routes(_: Path) -> Iterator[ModelRoutes]:
        transport = httpx2.MockTransport(serve)
        with httpx2.Client(transport=transport, base_url="http://test") as http:
            yield ModelRoutes(http)

    monkeypatch.setattr(commands, "model_routes", routes)


def test_a_refusal_names_the_rows() -> None:
    """What the gateway says of bad examples reaches the screen."""

    def refuse(_: httpx2.Request) -> httpx2.Response:
        errors = [{"field": "row 3.text", "message": "must not be empty"}]
        return httpx2.Response(422, json={"detail": "No.", "errors": errors})

    transport = httpx2.MockTransport(refuse)
    with (
        httpx2.Client(transport=transport, base_url="http://test") as http,
        pytest.raises(StackError, match=r"row 3\.text: must not be empty"),
    ):
        ModelRoutes(http).get("/api/ai/models")
