"""How training and versions look on a screen."""

from typing import Any

import httpx2
import pytest
from rich.console import Console

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
        ("running", "tuning", 64, ("tuning", 0.3)),
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
