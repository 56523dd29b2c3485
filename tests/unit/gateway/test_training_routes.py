"""Asking for training, promoting, rolling back: who may, what leaves, what bad input is told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx2
import orjson
import pytest
from starlette.testclient import TestClient

from gateway.training.endpoints import MAX_BODY_BYTES
from gateway.training.examples import MAX_EXAMPLES, MIN_PER_INTENT
from gateway.training.ports import Job, Model, Promotion
from gateway.training.service import MOST_WAITING, PART_BYTES, stack_of
from producers.ports import PublishStatus
from schemas.events.admin import Action, ActionRecorded
from schemas.events.models import CancelTraining, ExamplesGiven, ModelPromoted, TrainModel
from schemas.ids import OPERATOR_ID
from tests.unit.gateway.harness import INTERNAL_TOKEN, Gateway, Person, register

OPERATOR = {"Authorization": f"Bearer {INTERNAL_TOKEN}"}
AT = datetime(2026, 3, 1, tzinfo=UTC)

Rows = list[dict[str, object]]


def rows(count: int = MIN_PER_INTENT, intents: Sequence[str] = ("a", "b")) -> Rows:
    return [
        {"text": f"{intent} sentence {number}", "intent": intent}
        for intent in intents
        for number in range(count)
    ]


def ask(client: TestClient, body: object, headers: dict[str, str] = OPERATOR) -> httpx2.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    sent = {**headers, "Content-Type": "application/json"}
    return client.post("/api/ai/train", content=content, headers=sent)


def upload(client: TestClient, name: str, content: bytes, **fields: str) -> httpx2.Response:
    files = {"file": (name, content)}
    return client.post("/api/ai/train", files=files, data=fields, headers=OPERATOR)


def model(version: str, kind: str = "head", status: str = "registered") -> Model:
    return Model(
        version=version,
        name="intents",
        kind=kind,
        engine="axis",
        status=status,
        sha256=None,
        size=0,
        intents=("a", "b"),
        metrics={"accuracy": 0.9},
        job_id=None,
        created_at=AT,
        promoted_at=None,
    )


def job(**changed: Any) -> Job:  # noqa: ANN401 - its fields
    made = Job(uuid4(), OPERATOR_ID, "running", 16, 2, extend=True, asked_at=AT)
    return replace(made, **changed)


@pytest.fixture
def admin(client: TestClient, gateway: Gateway) -> Person:
    """Somebody whose account is an admin's."""
    person = register(client, "Root")
    known = gateway.accounts.accounts
    known[person.id] = replace(known[person.id], role="admin")
    return person


def test_examples_become_a_job_on_the_log(
    client: TestClient, gateway: Gateway, admin: Person
) -> None:
    """The examples stand on their topic before the job that names them leaves with its audit."""
    answer = ask(client, {"examples": rows(), "extend": False, "note": "first"}, admin.headers)
    assert answer.status_code == 202, answer.text
    said = answer.json()
    assert (said["status"], said["examples"], said["intents"]) == ("queued", 16, 2)
    given = [each for each in gateway.publisher.events if isinstance(each, ExamplesGiven)]
    assert sum(len(each.examples) for each in given) == 16
    asked, done = gateway.registry.told
    assert isinstance(asked, TrainModel)
    assert isinstance(done, ActionRecorded)
    assert (str(asked.job_id), asked.extend, asked.note) == (said["jobId"], False, "first")
    assert (asked.examples.partition, asked.examples.offset, asked.examples.parts) == (0, 0, 1)
    assert (done.action, done.actor_id) == (Action.TRAINING_ASKED, admin.id)


def test_a_job_may_tune_the_sentence_model(client: TestClient, gateway: Gateway) -> None:
    """The kind reaches the log and the audit, by JSON and by form; a head is what is made else."""
    answers = [
        ask(client, {"examples": rows(), "kind": "fine_tune"}),
        upload(client, "x.json", orjson.dumps(rows()), kind="fine_tune"),
        ask(client, {"examples": rows()}),
    ]
    kinds = ["fine_tune", "fine_tune", "head"]
    assert [each.json()["kind"] for each in answers] == kinds
    told = gateway.registry.told
    assert [each.kind for each in told if isinstance(each, TrainModel)] == kinds
    audited = [each.new or {} for each in told if isinstance(each, ActionRecorded)]
    assert [each["kind"] for each in audited] == kinds
    listed = client.get("/api/ai/train", headers=OPERATOR).json()["items"]
    assert [each["kind"] for each in listed] == kinds[::-1]


def test_a_job_is_shown_before_the_table_knows_it(client: TestClient) -> None:
    """Who has just asked can follow at once."""
    job_id = ask(client, {"examples": rows()}).json()["jobId"]
    shown = client.get(f"/api/ai/train/{job_id}", headers=OPERATOR)
    assert (shown.status_code, shown.json()["status"]) == (200, "queued")
    listed = client.get("/api/ai/train", headers=OPERATOR).json()["items"]
    assert [each["jobId"] for each in listed] == [job_id]


def test_no_more_jobs_wait_than_can_be_worked(client: TestClient, gateway: Gateway) -> None:
    """The queue is bounded; ended jobs make room."""
    waiting = [job() for _ in range(MOST_WAITING)]
    gateway.registry.known_jobs = {each.job_id: each for each in waiting}
    answer = ask(client, {"examples": rows()})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_jobs")
    gateway.registry.known_jobs.popitem()
    assert ask(client, {"examples": rows()}).status_code == 202


def test_many_examples_are_cut_into_records(client: TestClient, gateway: Gateway) -> None:
    """No record is larger than the broker takes, and the parts are counted."""
    many: Rows = [{**row, "text": f"{row['text']} {'ü' * 1_500}"} for row in rows(200)]
    assert ask(client, {"examples": many}).status_code == 202
    given = [each for each in gateway.publisher.events if isinstance(each, ExamplesGiven)]
    assert [each.part for each in given] == list(range(len(given)))
    assert len(given) > 1
    assert all(len(each.model_dump_json().encode()) < 2 * PART_BYTES for each in given)
    asked = gateway.registry.told[0]
    assert isinstance(asked, TrainModel)
    assert asked.examples.parts == len(given)


def test_nothing_is_asked_while_the_broker_is_away(client: TestClient, gateway: Gateway) -> None:
    """A job whose examples are nowhere would never end."""
    gateway.publisher.status = PublishStatus.UNKNOWN
    answer = ask(client, {"examples": rows()})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
    assert gateway.registry.told == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/ai/train"),
        ("GET", "/api/ai/train"),
        ("GET", f"/api/ai/train/{uuid4()}"),
        ("DELETE", f"/api/ai/train/{uuid4()}"),
        ("POST", "/api/ai/models/intents-1/promote"),
        ("POST", "/api/ai/models/rollback"),
    ],
)
def test_only_admins_may(client: TestClient, ada: Person, method: str, path: str) -> None:
    """Without a token 401, with anybody's 403; nothing is read of the body before."""
    assert client.request(method, path).status_code == 401
    assert client.request(method, path, headers=ada.headers).status_code == 403


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "x.csv",
            b"text,intent\r\n"
            + b"".join(b'"%d, so",a\r\n%d,b\r\n' % (n, -n - 1) for n in range(9)),
        ),
        (
            "x.CSV",
            b"\xef\xbb\xbfcategory,text\n" + b"".join(b"a,x%d\nb,y%d\n" % (n, n) for n in range(9)),
        ),
        ("x.json", orjson.dumps(rows(9))),
        ("x.json", orjson.dumps({"examples": rows(9)})),
        (
            "x.yaml",
            b"a: ["
            + b", ".join(b"x%d" % n for n in range(9))
            + b"]\nb: ["
            + b", ".join(b"y%d" % n for n in range(9))
            + b"]\n",
        ),
        (
            "x.yml",
            b"".join(
                b"- {text: x%d, label: a}\n- {text: y%d, label: b}\n" % (n, n) for n in range(9)
            ),
        ),
    ],
)
def test_a_file_is_read_as_its_name_says(client: TestClient, name: str, content: bytes) -> None:
    """CSV, JSON and YAML, with the column names of public sets as well."""
    answer = upload(client, name, content, extend="false")
    assert answer.status_code == 202, answer.text
    assert (answer.json()["examples"], answer.json()["intents"]) == (18, 2)


GOOD = b"".join(b"x%d,a\ny%d,b\n" % (n, n) for n in range(9))


@pytest.mark.parametrize(
    ("name", "content", "field"),
    [
        ("x.txt", b"text,intent\n" + GOOD, "file"),
        ("x.csv", b"", "row 1"),
        ("x.csv", b"text\n" + GOOD, "row 1"),
        ("x.csv", b"text,intent,colour\n" + GOOD, "row 1"),
        ("x.csv", b"text,intent\n" + GOOD + b"one,two,three\n", "row 20"),
        ("x.csv", b"text,intent\n" + GOOD + b" ,a\n", "row 20.text"),
        ("x.csv", b'text,intent\n"open,a\n', "row 2"),
        ("x.csv", "text,intent\nschön,a\n".encode("latin-1"), "file"),
        ("x.csv", b"text,intent\n\x00,a\n", "file"),
        ("x.json", b"[{]", "file"),
        ("x.json", b"3", "examples"),
        ("x.json", b"[3]", "examples.0"),
        ("x.json", b'[{"text": 3, "intent": "a"}]', "examples.0.text"),
        ("x.json", b'[{"text": "x", "intend": "a"}]', "examples.0"),
        ("x.json", b"[" * 100_000, "file"),
        ("x.yaml", b"a: [x\nb: y", "file"),
        ("x.yaml", b"a: 3", "examples.a"),
        ("x.yaml", b"a: &x [y]\nb: *x", "file"),
        ("x.yaml", b"[" * 100_000, "file"),
        ("x.yaml", b"? [a]\n: b", "file"),
    ],
)
def test_a_broken_file_is_told_where(
    client: TestClient, name: str, content: bytes, field: str
) -> None:
    """The row and the column, or the file as a whole; never a 500."""
    answer = upload(client, name, content)
    assert answer.status_code == 422, answer.text
    assert answer.json()["code"] == "bad_examples"
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], "body"),
        ({}, "examples"),
        ({"examples": []}, "examples"),
        ({"examples": rows(), "from": "feedback"}, "from"),
        ({"examples": rows(), "extend": "yes"}, "extend"),
        ({"examples": rows(), "kind": "magic"}, "kind"),
        ({"examples": rows(), "kind": ["head"]}, "kind"),
        ({"examples": rows(), "note": "x" * 201}, "note"),
        ({"examples": rows(intents=("a",))}, "examples"),
        ({"examples": rows(MIN_PER_INTENT - 1)}, "examples"),
        ({"examples": [*rows(), {"text": "  ", "intent": "a"}]}, "examples.16.text"),
        ({"examples": [*rows(), {"text": "x" * 2_001, "intent": "a"}]}, "examples.16.text"),
        ({"examples": [*rows(), {"text": "x\x07", "intent": "a"}]}, "examples.16.text"),
        ({"examples": [*rows(), {"text": "x", "intent": "a|b"}]}, "examples.16.intent"),
        ({"examples": [*rows(), {"text": "x"}]}, "examples.16.intent"),
        ({"examples": [*rows(), {"text": "A  sentence 1", "intent": "b"}]}, "examples.16.text"),
        ({"examples": rows(MAX_EXAMPLES // 2 + 1)}, "examples"),
    ],
)
def test_bad_examples_are_told_where(client: TestClient, body: object, field: str) -> None:
    """Too few, too many, empty, contradicting: 422 with the place."""
    answer = ask(client, body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["field"] == field


@pytest.mark.parametrize("field", ["extends", "examples", "kind "])
def test_a_field_that_is_not_known_is_refused_in_a_form_too(client: TestClient, field: str) -> None:
    """A misspelt option would leave the job with the default, and nobody would know."""
    answer = upload(client, "x.csv", b"text,intent\n" + GOOD, **{field: "false"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_examples")
    assert answer.json()["errors"] == [{"field": field, "message": "is not known"}]


def test_an_option_is_not_sent_as_a_file(client: TestClient) -> None:
    """It would be left out as quietly."""
    fields, files = {"fromFeedback": "true"}, {"extend": ("x", b"false")}
    answer = client.post("/api/ai/train", data=fields, files=files, headers=OPERATOR)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "extend")


def test_duplicates_are_reported_and_learnt_once(client: TestClient) -> None:
    """The same sentence with the same intent counts once, and the answer says which row it was."""
    answer = ask(client, {"examples": [*rows(), {"text": "A sentence  1", "intent": "a"}]})
    assert answer.status_code == 202
    said = answer.json()
    assert (said["examples"], said["duplicates"]) == (16, ["examples.16"])


def test_a_body_that_is_no_json_or_too_large_is_refused(client: TestClient) -> None:
    """400, 413 and 415, and a large one only here: other routes keep their limit."""
    assert ask(client, b"{").status_code == 400
    assert ask(client, b" " * (MAX_BODY_BYTES + 1)).status_code == 413
    other = client.post("/api/chat/conversations", content=b" " * 70_000, headers=OPERATOR)
    assert other.status_code == 413
    plain = client.post("/api/ai/train", content=b"x", headers=OPERATOR)
    assert plain.status_code == 415
    torn = {**OPERATOR, "Content-Type": "multipart/form-data; boundary=x"}
    assert client.post("/api/ai/train", content=b"--x\r\n", headers=torn).status_code == 422


def test_a_running_job_is_cancelled_and_an_ended_one_is_not(
    client: TestClient, gateway: Gateway
) -> None:
    """The wish leaves as an event; where it would change nothing it is refused."""
    running, ended = job(), job(status="failed", finished_at=AT)
    gateway.registry.known_jobs = {each.job_id: each for each in (running, ended)}
    assert client.delete(f"/api/ai/train/{running.job_id}", headers=OPERATOR).status_code == 202
    assert isinstance(gateway.registry.told[0], CancelTraining)
    assert client.delete(f"/api/ai/train/{ended.job_id}", headers=OPERATOR).status_code == 409
    assert client.delete(f"/api/ai/train/{uuid4()}", headers=OPERATOR).status_code == 404


def test_a_job_shows_what_its_version_is_worth(client: TestClient, gateway: Gateway) -> None:
    """The measures stand in the job once it has a version."""
    ended = job(status="succeeded", version="intents-1", finished_at=AT)
    gateway.registry.known_jobs = {ended.job_id: ended}
    gateway.registry.known_models = {"intents-1": model("intents-1")}
    shown = client.get(f"/api/ai/train/{ended.job_id}", headers=OPERATOR).json()
    assert (shown["version"], shown["metrics"]) == ("intents-1", {"accuracy": 0.9})


def test_versions_are_listed_for_whoever_is_signed_in(
    client: TestClient, gateway: Gateway, ada: Person
) -> None:
    """The registry is no secret, and is not for strangers."""
    gateway.registry.known_models = {"intents-1": model("intents-1")}
    listed = client.get("/api/ai/models", headers=ada.headers).json()["items"]
    assert [(each["version"], each["createdAt"]) for each in listed] == [
        ("intents-1", "2026-03-01T00:00:00.000000Z")
    ]
    assert client.get("/api/ai/models/intents-1", headers=ada.headers).status_code == 200
    assert client.get("/api/ai/models/intents-2", headers=ada.headers).status_code == 404
    assert client.get("/api/ai/models").status_code == 401


def test_a_promotion_leaves_with_its_audit(
    client: TestClient, gateway: Gateway, admin: Person
) -> None:
    """The event every replica follows, and who wanted it; not twice, and not of nothing."""
    gateway.registry.known_models = {
        "intents-1": model("intents-1", status="promoted"),
        "intents-2": model("intents-2"),
    }
    gateway.registry.history = [Promotion("intents-1", rolled_back=False)]
    answer = client.post("/api/ai/models/intents-2/promote", headers=admin.headers)
    assert answer.json() == {"version": "intents-2", "before": "intents-1"}
    promoted, done = gateway.registry.told
    assert isinstance(promoted, ModelPromoted)
    assert isinstance(done, ActionRecorded)
    assert (promoted.version, promoted.rolled_back) == ("intents-2", False)
    assert (done.actor_id, done.action) == (admin.id, Action.MODEL_PROMOTED)
    again = client.post("/api/ai/models/intents-1/promote", headers=OPERATOR)
    assert again.status_code == 409
    unknown = client.post("/api/ai/models/intents-3/promote", headers=OPERATOR)
    assert unknown.status_code == 404


def test_rolling_back_goes_to_what_answered_before(client: TestClient, gateway: Gateway) -> None:
    """One promotion back, then to the knowledge folder's own version, then no further."""
    own = model("knowledge-1", kind="knowledge")
    gateway.registry.known_models = {"knowledge-1": own}
    nothing = client.post("/api/ai/models/rollback", headers=OPERATOR)
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_before")
    gateway.registry.history = [Promotion(f"intents-{n}", rolled_back=False) for n in (1, 2)]
    for expected in ("intents-1", "knowledge-1"):
        answer = client.post("/api/ai/models/rollback", headers=OPERATOR)
        assert answer.json()["version"] == expected
        gateway.registry.history.append(Promotion(expected, rolled_back=True))
    assert client.post("/api/ai/models/rollback", headers=OPERATOR).status_code == 409


def test_roll_backs_take_promotions_off_one_by_one() -> None:
    """What stands after promoting 1, 2, 3, back, 4, back, back is 1."""
    done = [("1", False), ("2", False), ("3", False), ("2", True)]
    done += [("4", False), ("2", True), ("1", True)]
    assert stack_of([Promotion(*each) for each in done]) == ["1"]


def test_the_operator_acts_under_the_operators_id(client: TestClient, gateway: Gateway) -> None:
    """What is done at the command line is audited as such."""
    ask(client, {"examples": rows()})
    done = gateway.registry.told[1]
    assert isinstance(done, ActionRecorded)
    assert done.actor_id == OPERATOR_ID != UUID(int=0)
