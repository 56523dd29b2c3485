"""Training candidates: what editors see of them, what they say, and what a job makes of it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx2
import pytest
from starlette.testclient import TestClient

from gateway.chat.ports import Place
from gateway.training.candidate_ports import Candidate
from gateway.training.examples import MIN_PER_INTENT
from schemas.events.admin import Action, ActionRecorded
from schemas.events.models import ExamplesGiven
from schemas.ids import OPERATOR_ID
from tests.unit.gateway.harness import INTERNAL_TOKEN, Gateway, Person
from tests.unit.gateway.test_training_routes import ask, model, rows, upload

OPERATOR = {"Authorization": f"Bearer {INTERNAL_TOKEN}"}
CANDIDATES = "/api/ai/train/candidates"
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def candidate(gateway: Gateway, text: str, **fields: Any) -> UUID:  # noqa: ANN401 - its fields
    """Keep a candidate, each later than the one before; return its question."""
    known = gateway.candidates.candidates
    message_id = uuid4()
    known[message_id] = Candidate(
        **{
            "message_id": message_id,
            "conversation_id": uuid4(),
            "text": text,
            "intent": "a",
            "confidence": 0.7,
            "source": "template",
            "unanswered": False,
            "place": Place(NOON + timedelta(minutes=len(known)), message_id),
            **fields,
        }
    )
    return message_id


def label(client: TestClient, message_id: UUID, **body: object) -> httpx2.Response:
    return client.put(f"{CANDIDATES}/{message_id}", json=body, headers=OPERATOR)


def page(client: TestClient, **query: str | int) -> dict[str, Any]:
    answer = client.get(CANDIDATES, params=query, headers=OPERATOR)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def learnt(gateway: Gateway) -> set[tuple[str, str | None]]:
    given = [each for each in gateway.publisher.events if isinstance(each, ExamplesGiven)]
    return {(each.text, each.intent) for part in given for each in part.examples}


def test_a_candidate_says_what_the_assistant_thought_and_people_too(
    client: TestClient, gateway: Gateway
) -> None:
    """Intent, confidence, thumbs and reasons in one place, with nothing personal in them."""
    candidate(
        gateway,
        "send it to ada@example.com please",
        up=1,
        down=2,
        reasons=("my card is 4242 4242 4242 4242", "wrong order"),
        unanswered=True,
        source="handover",
    )
    [shown] = page(client)["items"]
    assert shown["text"] == "send it to a***@example.com please"
    assert shown["reasons"] == ["my card is ************4242", "wrong order"]
    assert (shown["intent"], shown["confidence"], shown["unanswered"]) == ("a", 0.7, True)
    assert (shown["ratings"], shown["state"]) == ({"up": 1, "down": 2}, "open")


def test_pages_follow_each_other(client: TestClient, gateway: Gateway) -> None:
    """The latest first, each once, and the last page says that it is the last."""
    for number in range(5):
        candidate(gateway, f"question {number}")
    seen: list[str] = []
    query: dict[str, str | int] = {"limit": 2}
    while True:
        found = page(client, **query)
        seen += [each["text"] for each in found["items"]]
        if found["next"] is None:
            break
        query["before"] = found["next"]
    assert seen == [f"question {number}" for number in (4, 3, 2, 1, 0)]


@pytest.mark.parametrize(
    ("query", "status"),
    [({"limit": 0}, 422), ({"before": "nonsense"}, 400), ({"state": "eaten"}, 422)],
)
def test_a_bad_question_is_told_why(
    client: TestClient, query: dict[str, str | int], status: int
) -> None:
    """A cursor, a limit or a state that is none is the caller's mistake."""
    answer = client.get(CANDIDATES, params=query, headers=OPERATOR)
    assert answer.status_code == status, answer.text


def test_a_label_is_kept_and_audited(client: TestClient, gateway: Gateway) -> None:
    """What was said before stands in the record; a label may be changed, and taken off."""
    asked = candidate(gateway, "gift cards?")
    assert label(client, asked, intent="buy_voucher").json()["intent"] == "buy_voucher"
    assert label(client, asked, dismissed=True).json()["dismissed"] is True
    first, second = gateway.candidates.events
    assert isinstance(first, ActionRecorded)
    assert isinstance(second, ActionRecorded)
    assert (first.action, first.actor_id) == (Action.CANDIDATE_LABELLED, OPERATOR_ID)
    assert (first.target_id, first.old, first.new) == (asked, None, {"intent": "buy_voucher"})
    assert (second.action, second.old) == (Action.CANDIDATE_DISMISSED, {"intent": "buy_voucher"})
    assert page(client)["items"] == []
    assert [each["label"] for each in page(client, state="dismissed")["items"]] == [None]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"intent": None},
        {"dismissed": False},
        {"intent": "a", "dismissed": True},
        {"intent": ""},
        {"intent": " \n"},
        {"intent": "a|b"},
        {"intent": "a\nb"},
        {"intent": "x" * 81},
        {"intent": 7},
        {"dismissed": "yes"},
        {"intent": "a", "colour": "red"},
    ],
)
def test_a_label_is_an_intent_or_a_dismissal(
    client: TestClient, gateway: Gateway, body: dict[str, object]
) -> None:
    """Anything else is refused, and nothing is kept."""
    asked = candidate(gateway, "gift cards?")
    assert label(client, asked, **body).status_code == 422
    assert gateway.candidates.labels == {}


def test_what_is_not_there_is_not_labelled(client: TestClient) -> None:
    """An unknown question, or one that was deleted, is answered with 404."""
    answer = label(client, uuid4(), intent="a")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("PUT", f"/{uuid4()}")])
def test_only_admins_see_candidates(
    client: TestClient, ada: Person, method: str, path: str
) -> None:
    """What people asked is nobody else's business."""
    url = CANDIDATES + path
    assert client.request(method, url).status_code == 401
    assert client.request(method, url, headers=ada.headers).status_code == 403


def taught(gateway: Gateway) -> None:
    """The knowledge folder teaches `a` and `b`."""
    gateway.registry.known_models = {"knowledge-1": model("knowledge-1", kind="knowledge")}


def test_liked_and_labelled_questions_are_learnt(client: TestClient, gateway: Gateway) -> None:
    """Alone, with the folder's examples; disliked and dismissed ones are left out."""
    taught(gateway)
    candidate(gateway, "liked", up=2)
    candidate(gateway, "disliked", up=1, down=1)
    candidate(gateway, "not rated", intent="b")
    label(client, candidate(gateway, "labelled at ada@example.com", down=1), intent="b")
    label(client, candidate(gateway, "outside"), intent="out_of_scope")
    label(client, candidate(gateway, "dismissed", up=1), dismissed=True)
    answer = ask(client, {"fromFeedback": True})
    assert answer.status_code == 202, answer.text
    assert answer.json()["sources"] == {"given": 0, "labelled": 2, "liked": 1}
    assert learnt(gateway) == {
        ("liked", "a"),
        ("labelled at a***@example.com", "b"),
        ("outside", None),
    }


def test_what_is_given_counts_before_what_people_said(client: TestClient, gateway: Gateway) -> None:
    """A sentence is learnt once; feedback never contradicts, nor spoils, a job."""
    given = rows()
    candidate(gateway, str(given[0]["text"]).upper(), intent="b", up=1)
    candidate(gateway, "twice", intent="b", up=1)
    label(client, candidate(gateway, "Twice "), intent="a")
    candidate(gateway, "bell \x07", up=1)
    candidate(gateway, "x" * 2_001, up=1)
    answer = ask(client, {"examples": given, "fromFeedback": True})
    assert answer.status_code == 202, answer.text
    assert answer.json()["sources"] == {"given": 16, "labelled": 1, "liked": 0}
    assert answer.json()["duplicateCount"] == 0
    assert ("Twice", "a") in learnt(gateway)


def test_a_file_may_be_left_out_or_come_along(client: TestClient, gateway: Gateway) -> None:
    """A form takes both, as JSON does."""
    taught(gateway)
    candidate(gateway, "liked", up=1)
    name, content = (
        "x.csv",
        b"text,intent\n" + b"".join(b"x%d,a\ny%d,b\n" % (n, n) for n in range(8)),
    )
    both = upload(client, name, content, fromFeedback="true")
    assert both.json()["sources"] == {"given": 16, "labelled": 0, "liked": 1}
    form = {"fromFeedback": (None, "true")}
    alone = client.post("/api/ai/train", files=form, headers=OPERATOR)
    assert alone.json()["sources"] == {"given": 0, "labelled": 0, "liked": 1}


def test_a_job_of_nothing_is_refused(client: TestClient) -> None:
    """Nobody has said anything yet."""
    answer = ask(client, {"fromFeedback": True})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_examples")
    assert answer.json()["errors"][0]["field"] == "fromFeedback"


@pytest.mark.parametrize("extend", [True, False])
def test_too_few_are_refused(client: TestClient, gateway: Gateway, *, extend: bool) -> None:
    """An intent that only feedback knows needs as many sentences as any other."""
    taught(gateway)
    for number in range(MIN_PER_INTENT - 1):
        label(client, candidate(gateway, f"voucher {number}"), intent="buy_voucher")
    candidate(gateway, "liked", up=1)
    answer = ask(client, {"fromFeedback": True, "extend": extend})
    assert answer.status_code == 422
    told = " ".join(each["message"] for each in answer.json()["errors"])
    assert "'buy_voucher' has 7 different" in told
    assert ("'a' has 1" in told) is not extend
    assert gateway.registry.told == []


@pytest.mark.parametrize("flag", ["yes", 1, None, "true"])
def test_the_flag_is_true_or_false(client: TestClient, flag: object) -> None:
    """Nothing else is guessed at."""
    answer = ask(client, {"examples": rows(), "fromFeedback": flag})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "fromFeedback"
